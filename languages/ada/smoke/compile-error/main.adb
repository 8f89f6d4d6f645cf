procedure Main is
   N : Integer;
begin
   N := Missing;
end Main;
