using System;

class Program
{
    static void Main()
    {
        Console.Error.WriteLine("err");
        Console.WriteLine("out");
    }
}
