class Program
{
    static void Main()
    {
        int n = missing;
    }
}
