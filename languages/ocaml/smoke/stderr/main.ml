let () =
  prerr_endline "err";
  print_endline "out"
