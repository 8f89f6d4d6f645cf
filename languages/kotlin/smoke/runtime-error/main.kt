fun pick(list: List<Int>, n: Int): Int {
    return list.get(n)
}

fun main() {
    println(pick(listOf(1, 2), 5))
}
