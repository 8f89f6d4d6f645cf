fn main() {
    eprintln!("err");
    println!("out");
}
