pub fn area(side: i64) -> i64 {
    side * side
}
