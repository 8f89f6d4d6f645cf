import java.util.ArrayList;

public class Main {
    public static void main(String[] args) {
        var list = new ArrayList<byte[]>();
        while (true) list.add(new byte[1 << 20]);
    }
}
