def text = System.in.newReader("UTF-8").readLine()
println "$text ↔ 硅藻 🦠"
