pub fn main() void {
    const n: i32 = missing;
    _ = n;
}
