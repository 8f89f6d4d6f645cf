SELECT sum(line) AS total, count(*) AS lines FROM stdin;
