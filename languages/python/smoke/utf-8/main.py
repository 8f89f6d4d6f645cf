text = input()
print(text, len(text), "↔ 硅藻 🦠")
