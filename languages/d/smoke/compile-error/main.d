void main()
{
    int n = missing;
}
