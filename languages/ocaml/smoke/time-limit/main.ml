let rec loop n = if n = -1 then () else loop ((n + 1) land 7)

let () = loop 0
