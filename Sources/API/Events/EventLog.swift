/// The last events of a run, within a bound of bytes.
struct EventLog {
    private var events: [FeedEvent] = []
    /// Where the oldest that is kept stands; what is before it is dropped now and then, all at once.
    private var first = 0
    private(set) var bytes = 0
    private(set) var last = 0

    mutating func append(_ name: StaticString, _ data: [UInt8]) {
        last += 1
        events.append(FeedEvent(number: last, name: name, data: data))
        bytes += data.count
    }

    /// Drops the oldest events beyond the bound, but none after `number`, and not the last.
    mutating func forget(downTo most: Int, through number: Int) {
        while bytes > most, first < events.count - 1, events[first].number <= number {
            bytes -= events[first].data.count
            events[first].data = []
            first += 1
        }
        guard first > 64, first > events.count / 2 else { return }
        events.removeFirst(first)
        first = 0
    }

    /// The events after a number that are kept, oldest first.
    func after(_ number: Int) -> ArraySlice<FeedEvent> {
        events[max(first, events.count - max(0, last - number))...]
    }
}
