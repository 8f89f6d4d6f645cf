package import Domain

/// Reads one JSON document (RFC 8259, nothing more), never deeper or larger than its bounds.
///
/// Written here because a request needs what JSONDecoder does not tell: names given twice, the position
/// of an error, numbers as they were written, and a depth that cannot exhaust a small stack.
package struct JSONParser {
    static let deepest = 64
    static let mostValues = 1_000_000
    static let longestNumber = 400

    private let bytes: [UInt8]
    private var position = 0
    private var values = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Parses a whole document.
    ///
    /// - Throws: ``RequestError`` `.malformed` with line and column, or `.invalidValue` naming the field
    ///   whose text or number cannot be represented or is given twice.
    package static func parse(_ bytes: [UInt8]) throws(RequestError) -> JSONValue {
        do {
            try checkEncoding(bytes)
            var parser = JSONParser(bytes)
            return try parser.document()
        } catch {
            throw error.requestError(in: bytes)
        }
    }

    private static func checkEncoding(_ bytes: [UInt8]) throws(JSONError) {
        guard !bytes.starts(with: [0xef, 0xbb, 0xbf]) else {
            throw JSONError(kind: .syntax, problem: "a byte order mark is not allowed", offset: 0)
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONError(
                kind: .syntax, problem: "bytes that are not UTF-8", offset: error.byteOffsets.lowerBound)
        }
    }

    private mutating func document() throws(JSONError) -> JSONValue {
        skipSpace()
        guard position < bytes.count else { throw syntax("nothing where a value was expected") }
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw syntax("more text after the document") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        values += 1
        guard values <= Self.mostValues else { throw syntax("more than \(Self.mostValues) values") }
        guard position < bytes.count else { throw syntax("the document ends too early") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case _ where skip("true"): return .bool(true)
        case _ where skip("false"): return .bool(false)
        case _ where skip("null"): return .null
        case _ where skip("NaN"): throw notFinite("NaN")
        case _ where skip("Infinity"): throw notFinite("Infinity")
        default: throw syntax("a value was expected")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try enter(depth)
        var object = JSONObject()
        var names = NameSet()
        skipSpace()
        if skip("}") { return object }
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw syntax("a name in double quotes was expected")
            }
            let start = position
            let name = try string()
            guard names.insert(name, into: object) else {
                throw JSONError(kind: .value, problem: "is given twice", offset: start).inside(name)
            }
            skipSpace()
            guard skip(":") else { throw syntax("':' was expected") }
            skipSpace()
            do throws(JSONError) {
                object.members.append(.init(name: name, value: try value(depth: depth)))
            } catch {
                throw error.inside(name)
            }
            skipSpace()
            if skip("}") { return object }
            guard skip(",") else { throw syntax("',' or '}' was expected") }
            skipSpace()
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        try enter(depth)
        var elements: [JSONValue] = []
        skipSpace()
        if skip("]") { return elements }
        while true {
            do throws(JSONError) {
                elements.append(try value(depth: depth))
            } catch {
                throw error.inside("[\(elements.count)]")
            }
            skipSpace()
            if skip("]") { return elements }
            guard skip(",") else { throw syntax("',' or ']' was expected") }
            skipSpace()
        }
    }

    private mutating func enter(_ depth: Int) throws(JSONError) {
        guard depth <= Self.deepest else { throw syntax("nested deeper than \(Self.deepest) levels") }
        position += 1
    }

    private mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        _ = skip("-")
        if skip("Infinity") { throw notFinite("-Infinity") }
        let whole = skipDigits()
        guard whole > 0 else { throw syntax("a digit was expected") }
        guard whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
            throw syntax("a number with a leading zero")
        }
        if skip(".") {
            guard skipDigits() > 0 else { throw syntax("a digit was expected") }
        }
        if skip("e") || skip("E") {
            if !skip("-") { _ = skip("+") }
            guard skipDigits() > 0 else { throw syntax("a digit was expected") }
        }
        guard position - start <= Self.longestNumber else {
            throw JSONError(
                kind: .value,
                problem: "a number of \(position - start) characters; the longest is \(Self.longestNumber)",
                offset: start)
        }
        return JSONNumber(text: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        return position - start
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    private mutating func skip(_ token: StaticString) -> Bool {
        let count = token.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let matches = token.withUTF8Buffer { buffer in
            for index in 0..<count where bytes[position + index] != buffer[index] { return false }
            return true
        }
        if matches { position += count }
        return matches
    }

    private func syntax(_ problem: String) -> JSONError {
        JSONError(kind: .syntax, problem: problem, offset: min(position, bytes.count))
    }

    private func notFinite(_ text: String) -> JSONError {
        JSONError(kind: .value, problem: "\(text) is not a number that JSON knows", offset: position)
    }
}

extension JSONParser {
    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlainText()
        guard position < bytes.count else { throw syntax("a string without its closing quote") }
        if bytes[position] == UInt8(ascii: "\"") {
            position += 1
            return String(decoding: bytes[start..<position - 1], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while true {
            guard position < bytes.count else { throw syntax("a string without its closing quote") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            default:
                throw syntax("a control character that is not written as an escape")
            }
            let plain = position
            skipPlainText()
            text.append(contentsOf: bytes[plain..<position])
        }
    }

    /// Goes on to the next quote, backslash or control character.
    private mutating func skipPlainText() {
        bytes.withUnsafeBufferPointer { buffer in
            var index = position
            while index < buffer.count {
                let byte = buffer[index]
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
                index += 1
            }
            position = index
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard position < bytes.count else { throw syntax("a string without its closing quote") }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(from: start, into: &text)
        default:
            position = start
            throw syntax("an escape that JSON does not know")
        }
    }

    private mutating func unicodeEscape(from start: Int, into text: inout [UInt8]) throws(JSONError) {
        let first = try hexadecimal()
        var code = UInt32(first)
        if first & 0xfc00 == 0xd800, skip("\\u") {
            let second = try hexadecimal()
            guard second & 0xfc00 == 0xdc00 else { throw loneSurrogate(start) }
            code = 0x10000 + (UInt32(first) & 0x3ff) << 10 + UInt32(second) & 0x3ff
        }
        guard let scalar = Unicode.Scalar(code) else { throw loneSurrogate(start) }
        text.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
    }

    private func loneSurrogate(_ offset: Int) -> JSONError {
        JSONError(
            kind: .value,
            problem: "half of a surrogate pair (\\ud800 to \\udfff) is no text; "
                + #"bytes can be sent as {"base64": "…"} in code, stdin and the content of a file"#,
            offset: offset)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else {
                throw syntax("four hexadecimal digits were expected")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
