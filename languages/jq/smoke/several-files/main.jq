import "shapes/square" as shapes;

3 | shapes::area
