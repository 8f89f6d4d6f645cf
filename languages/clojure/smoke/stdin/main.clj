(let [n (read)]
  (println (* n n)))
