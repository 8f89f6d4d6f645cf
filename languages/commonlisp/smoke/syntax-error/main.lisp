(format t "hello~%"
