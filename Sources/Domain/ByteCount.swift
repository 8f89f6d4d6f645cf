/// A size in bytes that cannot be confused with a count or a time.
package struct ByteCount: Hashable, Comparable, Sendable {
    package var bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    package static func mebibytes(_ count: Int) -> Self { Self(bytes: count << 20) }

    package var wholeMebibytes: Int { bytes >> 20 }

    package static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
}
