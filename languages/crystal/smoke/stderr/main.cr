STDERR.puts "err"
puts "out"
