import shapes/square

echo area(3)
