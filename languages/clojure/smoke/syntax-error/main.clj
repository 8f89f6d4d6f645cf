(println 1)
(println (+ 1 missing))
