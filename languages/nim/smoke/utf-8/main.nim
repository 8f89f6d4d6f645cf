echo readLine(stdin), " ↔ 硅藻 🦠"
