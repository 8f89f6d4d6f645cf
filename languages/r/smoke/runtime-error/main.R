fail <- function(n) {
  stop("boom")
}

fail(3)
