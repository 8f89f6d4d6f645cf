def fail(n) {
    throw new IllegalStateException("boom $n")
}

fail(3)
