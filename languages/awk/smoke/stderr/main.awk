BEGIN {
    print "err" > "/dev/stderr"
    print "out"
}
