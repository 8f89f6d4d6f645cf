using System;

class Program
{
    static void Main(string[] args)
    {
        foreach (var word in args) Console.WriteLine($"<{word}>");
    }
}
