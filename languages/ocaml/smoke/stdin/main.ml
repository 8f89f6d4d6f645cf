let () =
  let n = read_int () in
  Printf.printf "%d\n" (n * n)
