print STDERR "err\n";
print "out\n";
