(format *error-output* "err~%")
(format t "out~%")
