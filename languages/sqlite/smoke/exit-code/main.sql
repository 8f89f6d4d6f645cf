SELECT 1 AS one;
SELECT * FROM missing;
SELECT 2 AS never;
