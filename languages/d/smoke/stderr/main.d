import std.stdio;

void main()
{
    stderr.writeln("err");
    writeln("out");
}
