internal import Domain

/// Which trace something belongs to, and which span of it: W3C Trace Context, Level 1.
package struct TraceContext: Hashable, Sendable {
    /// 32 digits, hexadecimal.
    package let trace: String
    /// 16 digits.
    package let span: String
    /// Whether anybody wants the spans.
    package let isSampled: Bool

    /// A new trace.
    package init(isSampled: Bool) {
        trace = Self.digits(UInt64.random(in: 1 ... .max)) + Self.digits(.random(in: .min ... .max))
        span = Self.digits(.random(in: 1 ... .max))
        self.isSampled = isSampled
    }

    /// Reads `traceparent`; nil for anything that the standard says starts a new trace.
    package init?(parsing text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHexadecimal(parts[0], 2), parts[0] != "ff",
            Self.isHexadecimal(parts[1], 32), Self.isHexadecimal(parts[2], 16),
            Self.isHexadecimal(parts[3], 2),
            parts[0] != "00" || parts.count == 4,
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        (trace, span, isSampled) = (String(parts[1]), String(parts[2]), flags & 1 == 1)
    }

    private init(trace: String, span: String, isSampled: Bool) {
        (self.trace, self.span, self.isSampled) = (trace, span, isSampled)
    }

    /// Another span of the same trace.
    package func child() -> TraceContext {
        TraceContext(trace: trace, span: Self.digits(.random(in: 1 ... .max)), isSampled: isSampled)
    }

    /// As `traceparent` has it.
    package var header: String { "00-\(trace)-\(span)-\(isSampled ? "01" : "00")" }

    private static func digits(_ number: UInt64) -> String {
        withUnsafeBytes(of: number.bigEndian) { Hexadecimal.encode($0) }
    }

    private static func isHexadecimal(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
