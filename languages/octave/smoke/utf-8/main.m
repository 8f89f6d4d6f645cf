printf("%s ↔ 硅藻 🦠\n", fgetl(stdin));
