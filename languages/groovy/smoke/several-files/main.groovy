println shapes.Square.area(3)
