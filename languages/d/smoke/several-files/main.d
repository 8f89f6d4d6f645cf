import std.stdio, shapes.square;

void main() { writeln(area(3)); }
