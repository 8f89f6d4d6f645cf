unit square;

interface

function area(side: integer): integer;

implementation

function area(side: integer): integer;
begin
  area := side * side;
end;

end.
