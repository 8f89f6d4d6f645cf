package shapes

fun area(side: Int) = side * side
