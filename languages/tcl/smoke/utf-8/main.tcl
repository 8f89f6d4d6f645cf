gets stdin text
puts "$text ↔ 硅藻 🦠"
