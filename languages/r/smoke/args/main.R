for (word in commandArgs(TRUE)) cat("<", word, ">\n", sep = "")
