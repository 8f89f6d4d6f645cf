package main

import "fmt"

func main() {
	var text string
	fmt.Scan(&text)
	fmt.Println(text, "↔ 硅藻 🦠")
}
