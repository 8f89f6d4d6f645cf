var
  n: integer;
begin
  readln(n);
  writeln(n * n);
end.
