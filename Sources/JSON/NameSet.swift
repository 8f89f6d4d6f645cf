/// The names of an object so far, compared byte for byte; a table only once there are many.
struct NameSet {
    private static let few = 16
    private var table: Set<[UInt8]> = []

    /// Notes a name that is about to join an object; false when it is there already.
    mutating func insert(_ name: String, into object: JSONObject) -> Bool {
        guard object.members.count >= Self.few else {
            return !object.members.contains { $0.name.utf8.elementsEqual(name.utf8) }
        }
        if table.isEmpty { table = Set(object.members.map { Array($0.name.utf8) }) }
        return table.insert(Array(name.utf8)).inserted
    }
}
