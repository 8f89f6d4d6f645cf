(doseq [word *command-line-args*]
  (println (str "<" word ">")))
