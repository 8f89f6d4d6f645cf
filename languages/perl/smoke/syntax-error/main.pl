my $n = 1;
my $m = (;
