var
  n, m: integer;
begin
  n := paramcount;
  m := 1 div n;
  writeln(m);
end.
