use strict;
use shapes::Square;

print shapes::Square::area(3), "\n";
