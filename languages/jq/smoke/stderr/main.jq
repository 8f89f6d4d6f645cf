("err\n" | stderr | empty), "out"
