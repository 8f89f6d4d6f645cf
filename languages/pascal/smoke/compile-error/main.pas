var
  n: integer;
begin
  n := missing;
end.
