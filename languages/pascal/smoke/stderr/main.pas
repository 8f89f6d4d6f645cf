begin
  writeln(stderr, 'err');
  writeln('out');
end.
