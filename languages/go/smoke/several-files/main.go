package main

import (
	"fmt"
	"main/shapes"
)

func main() { fmt.Println(shapes.Area(side())) }
