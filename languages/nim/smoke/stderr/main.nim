stderr.writeLine("err")
echo "out"
