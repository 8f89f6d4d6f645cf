Code.require_file("shapes/square.ex", __DIR__)
IO.puts(apply(Square, :area, [3]))
