with Ada.Text_IO;

procedure Main is
begin
   Ada.Text_IO.Put_Line (Ada.Text_IO.Standard_Error, "err");
   Ada.Text_IO.Put_Line ("out");
end Main;
