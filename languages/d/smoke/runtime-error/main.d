void fail(int n)
{
    throw new Exception("boom");
}

void main() { fail(3); }
