public class Main {
    public static void main(String[] args) {
        System.err.println("err");
        System.out.println("out");
    }
}
