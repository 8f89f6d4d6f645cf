func area(_ side: Int) -> Int { side * side }
