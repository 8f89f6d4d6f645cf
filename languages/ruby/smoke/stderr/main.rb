warn "err"
puts "out"
