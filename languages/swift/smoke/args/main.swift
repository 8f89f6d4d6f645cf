for word in CommandLine.arguments.dropFirst() { print("<\(word)>") }
