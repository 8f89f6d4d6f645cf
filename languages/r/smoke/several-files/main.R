source("shapes/square.R")
cat(area(3), "\n", sep = "")
