@include "shapes/square.awk"

BEGIN { print area(3) }
