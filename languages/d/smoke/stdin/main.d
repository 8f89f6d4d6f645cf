import std.stdio, std.conv, std.string;

void main()
{
    int n = readln.strip.to!int;
    writeln(n * n);
}
