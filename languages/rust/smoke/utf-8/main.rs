fn main() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    println!("{} ↔ 硅藻 🦠", line.trim());
}
