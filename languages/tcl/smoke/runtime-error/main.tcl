proc fail {n} {
    error "boom $n"
}

fail 3
