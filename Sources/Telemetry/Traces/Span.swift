/// Something that took its time, as a part of a trace.
package struct Span: Hashable, Sendable {
    package enum Kind: Int, Sendable { case inside = 1, server = 2 }

    package enum Value: Hashable, Sendable {
        case text(String)
        case number(Int)
    }

    package struct Attribute: Hashable, Sendable {
        package var name: String
        package var value: Value
    }

    package var context: TraceContext
    /// The span that it is a part of; nil for the first of a trace.
    package var parent: String?
    package var name: String
    package var kind: Kind
    /// In nanoseconds since 1970.
    package var start: Int64
    package var end: Int64
    package var attributes: [Attribute] = []
    /// What went wrong on our side; nil where nothing did.
    package var problem: String?

    package init(
        _ name: String, _ context: TraceContext, parent: String?, kind: Kind = .inside, start: Int64,
        end: Int64
    ) {
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.start = start
        self.end = end
    }

    package mutating func add(_ name: String, _ text: String?) {
        if let text { attributes.append(Attribute(name: name, value: .text(text))) }
    }

    package mutating func add(_ name: String, _ number: Int?) {
        if let number { attributes.append(Attribute(name: name, value: .number(number))) }
    }
}

/// Takes spans and never waits for anybody.
package protocol SpanSink: Sendable {
    func take(_ span: Span)
    /// Whether a trace that begins here is wanted.
    func samples() -> Bool
}
