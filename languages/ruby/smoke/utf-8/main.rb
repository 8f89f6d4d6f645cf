puts "#{gets.chomp} ↔ 硅藻 🦠"
