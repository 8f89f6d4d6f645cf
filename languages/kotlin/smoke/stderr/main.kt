fun main() {
    System.err.println("err")
    println("out")
}
