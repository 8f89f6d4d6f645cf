package shapes

func Area(side int) int { return side * side }
