proc fail(n: int) =
  raise newException(ValueError, "boom")

fail(3)
