import os

os.mkdir("many")
for n in range(200):
    with open(f"many/{n:03}.txt", "w") as file:
        file.write(f"file {n}\n" * 10)
handles = [open(f"many/{n:03}.txt") for n in range(200)]
print(len(os.listdir("many")), sum(len(handle.read()) for handle in handles))
for handle in handles:
    handle.close()
for n in range(0, 200, 2):
    os.rename(f"many/{n:03}.txt", f"many/moved-{n:03}.txt")
    os.remove(f"many/{n + 1:03}.txt")
print(len(os.listdir("many")))
