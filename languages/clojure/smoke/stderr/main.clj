(binding [*out* *err*]
  (println "err"))
(println "out")
