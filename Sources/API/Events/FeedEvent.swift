/// One event of a run as its followers get it.
struct FeedEvent: Sendable {
    /// From 1, without gaps, in the order of what happened.
    var number: Int
    var name: StaticString
    /// One JSON object, on one line.
    var data: [UInt8]
}
