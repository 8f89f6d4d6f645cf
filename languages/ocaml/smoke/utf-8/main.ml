let () = print_endline (read_line () ^ " ↔ 硅藻 🦠")
