puts "#{gets} ↔ 硅藻 🦠"
