mod shapes;

fn main() {
    println!("{}", shapes::area(3));
}
