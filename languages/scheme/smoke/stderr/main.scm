(display "err\n" (current-error-port))
(display "out\n")
