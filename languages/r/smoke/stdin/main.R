n <- scan("stdin", quiet = TRUE)
cat(n * n, "\n", sep = "")
