import sys

name = input("name? ")
print(f"hello {name}")
print(sum(int(word) for word in input().split()))
print([line.rstrip("\n") for line in sys.stdin], sys.stdin.isatty())
try:
    input()
except EOFError as error:
    print(error)
