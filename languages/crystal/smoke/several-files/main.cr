require "./shapes/square"

puts area(3)
