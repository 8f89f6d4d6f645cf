import shapes.area

fun main() {
    println(area(3))
}
