internal import Posix
internal import Testing

struct ClockWatchTests {
    private let second: Int64 = 1_000_000_000

    @Test func `a clock that goes on as the other does has not jumped`() {
        var watch = ClockWatch(.init(wall: 100 * second, boot: 0))
        #expect(watch.look(.init(wall: 160 * second, boot: 60 * second)) == nil)
        // A machine that slept for a day: both have gone on.
        #expect(watch.look(.init(wall: 86_560 * second, boot: 86_460 * second)) == nil)
        // What time servers correct.
        #expect(watch.look(.init(wall: 86_565 * second, boot: 86_461 * second)) == nil)
        #expect(!watch.hasJumped(within: .max, of: .init(wall: 0, boot: 90_000 * second)))
    }

    @Test func `a jump is noticed once, in either direction, and forgotten`() {
        var watch = ClockWatch(.init(wall: 0, boot: 0))
        let year: Int64 = 365 * 86_400 * second
        #expect(watch.look(.init(wall: year + second, boot: second))?.by == year)
        #expect(watch.look(.init(wall: year + 2 * second, boot: 2 * second)) == nil)
        #expect(watch.hasJumped(within: 60 * second, of: .init(wall: 0, boot: 30 * second)))
        #expect(!watch.hasJumped(within: 60 * second, of: .init(wall: 0, boot: 62 * second)))
        #expect(watch.look(.init(wall: 3 * second, boot: 3 * second))?.by == -year)
    }
}
