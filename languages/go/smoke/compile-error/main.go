package main

func main() {
	n := missing
	_ = n
}
