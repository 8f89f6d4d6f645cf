using System;

class Program
{
    static void Main() { Console.WriteLine(Shapes.Square.Area(3)); }
}
