with Ada.Text_IO;

procedure Main is
   Tail : constant String :=
     (1 => Character'Val (32));
begin
   Ada.Text_IO.Put_Line (Ada.Text_IO.Get_Line & Tail & "↔ 硅藻 🦠");
end Main;
