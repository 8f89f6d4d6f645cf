package shapes::Square;

sub area { return $_[0] ** 2 }

1;
