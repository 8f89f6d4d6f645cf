struct Empty: Error { var wanted: Int }

func first(_ list: [Int]) throws -> Int {
    guard let first = list.first else { throw Empty(wanted: 1) }
    return first
}

print(try first([]))
