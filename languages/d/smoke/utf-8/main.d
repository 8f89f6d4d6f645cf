import std.stdio, std.string;

void main() { writeln(readln.strip, " ↔ 硅藻 🦠"); }
