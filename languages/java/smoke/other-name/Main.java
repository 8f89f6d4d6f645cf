class Helper {
}

public class Greeting {
    static class Inner {
    }

    public static void main(String[] args) {
        System.out.println("hello");
    }
}
