let values = [1, 2]
assert(values.count == CommandLine.arguments.count + 5)
print("not reached")
