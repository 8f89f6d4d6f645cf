set n 1
puts "a
