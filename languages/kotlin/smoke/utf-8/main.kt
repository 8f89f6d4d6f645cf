fun main() {
    println(readLine() + " ↔ 硅藻 🦠")
}
