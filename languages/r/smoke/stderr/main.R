message("err")
cat("out\n")
