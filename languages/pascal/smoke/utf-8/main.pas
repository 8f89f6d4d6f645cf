var
  text: ansistring;
begin
  readln(text);
  writeln(text, ' ↔ 硅藻 🦠');
end.
