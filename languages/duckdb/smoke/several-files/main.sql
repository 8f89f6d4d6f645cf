SELECT p.name, sum(s.amount) AS amount
FROM sales s JOIN people p ON p.id = s.person
GROUP BY p.name ORDER BY p.name;
