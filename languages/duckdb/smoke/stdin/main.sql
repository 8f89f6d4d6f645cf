SELECT sum(line::INT)::INT AS total, count(*) AS lines FROM stdin;
