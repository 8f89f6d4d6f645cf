with Ada.Text_IO;
with Ada.Integer_Text_IO;
with Square;

procedure Main is
begin
   Ada.Integer_Text_IO.Put (Square.Area (3), Width => 0);
   Ada.Text_IO.New_Line;
end Main;
