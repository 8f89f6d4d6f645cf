(let ((n (read)))
  (format t "~d~%" (* n n)))
