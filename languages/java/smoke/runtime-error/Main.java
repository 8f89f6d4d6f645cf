public class Main {
    static int pick(int[] list, int n) {
        return list[n];
    }

    public static void main(String[] args) {
        pick(new int[1], 5);
    }
}
