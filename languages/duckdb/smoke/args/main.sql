SELECT n, '<' || value || '>' AS value FROM args ORDER BY n;
