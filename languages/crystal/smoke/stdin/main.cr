n = gets.not_nil!.to_i
puts n * n
