(let ((n (read)))
  (display (* n n))
  (newline))
