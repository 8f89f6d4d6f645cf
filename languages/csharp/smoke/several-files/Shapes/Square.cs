namespace Shapes
{
    static class Square
    {
        public static int Area(int side) { return side * side; }
    }
}
