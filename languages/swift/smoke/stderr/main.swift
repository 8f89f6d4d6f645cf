import Glibc

fputs("err\n", stderr)
print("out")
