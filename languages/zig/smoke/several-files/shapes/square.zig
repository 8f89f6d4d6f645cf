pub fn area(side: i64) i64 {
    return side * side;
}
