uses square;
begin
  writeln(area(3));
end.
