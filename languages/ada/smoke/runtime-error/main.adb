with Ada.Command_Line;

procedure Main is
   type Small is range 0 .. 2;
   N : Small;
begin
   N := Small (Ada.Command_Line.Argument_Count + 5);
end Main;
