import shapes.Square;

public class Main {
    public static void main(String[] args) {
        System.out.println(Square.area(3));
    }
}
