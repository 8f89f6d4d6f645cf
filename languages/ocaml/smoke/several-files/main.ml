let () = Printf.printf "%d\n" (Square.area 3)
