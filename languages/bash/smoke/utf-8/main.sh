read -r text
echo "$text ↔ 硅藻 🦠"
