import sys

for n in range(20_000):
    print(f"line {n}")
print("e" * 100_000, file=sys.stderr)
