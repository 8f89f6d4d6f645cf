print(io.read("l") .. " ↔ 硅藻 🦠")
