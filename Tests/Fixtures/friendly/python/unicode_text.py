import os
import sys
import unicodedata

print("naïve café, 日本語, Ελληνικά, עברית, 🦠🧫", sys.stdout.encoding)
print(input(), len("🦠"), "straße".upper(), unicodedata.name("🦠"))
with open("данные-🦠.txt", "w") as file:
    file.write("ünïcödé\n")
print(sorted(name for name in os.listdir(".") if not name.isascii()), open("данные-🦠.txt").read().strip())
sys.stdout.flush()
sys.stdout.buffer.write("bytes too: ÿ\n".encode())
