extension Duration {
    /// This duration in seconds, fractions kept to a nanosecond.
    package var inSeconds: Double { inMilliseconds / 1_000 }

    /// This duration in milliseconds, fractions kept to a nanosecond.
    package var inMilliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1_000 + Double(attoseconds) / 1e15
    }

    /// This duration in whole nanoseconds, cut off towards zero.
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
