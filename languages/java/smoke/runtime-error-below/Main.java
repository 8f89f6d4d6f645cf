import java.util.ArrayList;

public class Main {
    public static void main(String[] args) {
        new ArrayList<String>().get(5);
    }
}
