using System;

class Program
{
    static void Fail() { throw new InvalidOperationException("boom"); }

    static void Main() { Fail(); }
}
