fn main() {
    let n = 1;
    let m: i32 = n + missing;
}
