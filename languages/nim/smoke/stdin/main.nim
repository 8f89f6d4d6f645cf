import strutils

let n = parseInt(readLine(stdin).strip)
echo n * n
