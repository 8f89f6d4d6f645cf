let pick list =
  if List.length list > 5 then 1 else failwith "boom"

let () = print_int (pick [ 1 ] + 1)
