let n = 1
let m = n + missing
