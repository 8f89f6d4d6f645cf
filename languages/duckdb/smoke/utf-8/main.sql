SELECT 'grüße 👋' AS "größe", length('👋') AS length;
