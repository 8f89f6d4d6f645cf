IO.puts(String.trim(IO.gets("")) <> " ↔ 硅藻 🦠")
