fun main() {
    val n: Int = missing
}
