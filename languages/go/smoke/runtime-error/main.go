package main

import "os"

func pick(list []string, n int) string {
	return list[n]
}

func main() { pick(os.Args, 5) }
