import std.stdio;

void main(string[] args)
{
    foreach (word; args[1 .. $]) writeln("<", word, ">");
}
