IO.puts(:stderr, "err")
IO.puts("out")
