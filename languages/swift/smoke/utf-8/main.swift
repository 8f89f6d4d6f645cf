print(readLine()! + " ↔ 硅藻 🦠")
