io.stderr:write("err\n")
print("out")
