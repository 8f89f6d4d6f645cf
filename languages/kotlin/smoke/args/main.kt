fun main(args: Array<String>) {
    for (word in args) println("<$word>")
}
