(dolist (word (rest sb-ext:*posix-argv*))
  (format t "<~a>~%" word))
