import importlib

import helper
from shapes.square import area

print(helper.greet("second file"), area(3))
print(open("data/numbers.csv").read().split(","))
with open("fresh.py", "w") as file:
    file.write("VALUE = 11\n")
importlib.invalidate_caches()
print(importlib.import_module("fresh").VALUE)
