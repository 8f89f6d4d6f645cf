(load "shapes/square.lisp")
(format t "~d~%" (area 3))
