with Ada.Text_IO;
with Ada.Integer_Text_IO;

procedure Main is
   N : Integer;
begin
   Ada.Integer_Text_IO.Get (N);
   Ada.Integer_Text_IO.Put (N * N, Width => 0);
   Ada.Text_IO.New_Line;
end Main;
