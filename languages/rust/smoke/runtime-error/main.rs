fn main() {
    let list: Vec<i32> = std::env::args().map(|_| 1).collect();
    println!("{}", list[5]);
}
