text <- readLines(file("stdin"), n = 1)
cat(text, "↔ 硅藻 🦠\n")
