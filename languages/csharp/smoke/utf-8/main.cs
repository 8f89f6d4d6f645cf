using System;

class Program
{
    static void Main() { Console.WriteLine(Console.ReadLine() + " ↔ 硅藻 🦠"); }
}
