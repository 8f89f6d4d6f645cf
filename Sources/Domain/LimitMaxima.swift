/// The most that an operator lets a request ask for.
package struct LimitMaxima: Hashable, Sendable {
    package var wall: Duration = .seconds(600)
    package var cpu: Duration = .seconds(600)
    package var memory: ByteCount = .mebibytes(4096)
    package var processes = 1024
    package var output: ByteCount = .mebibytes(64)
    package var disk: ByteCount = .mebibytes(2048)
    package var files = 200_000
    package var cpuPercent = 800

    package init() {}
}
