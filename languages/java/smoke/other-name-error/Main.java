public class Solution {
    static class Inner {
        static int fail(int n) {
            throw new IllegalStateException("boom " + n);
        }
    }

    public static void main(String[] args) {
        System.out.println(Inner.fail(3));
    }
}
