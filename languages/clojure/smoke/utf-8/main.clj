(println (str (read-line) " ↔ 硅藻 🦠"))
