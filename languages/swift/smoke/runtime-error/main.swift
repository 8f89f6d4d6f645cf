func pick(_ n: Int) -> Int {
    precondition(n < 5, "too large")
    return n
}

print(pick(CommandLine.arguments.count + 5))
