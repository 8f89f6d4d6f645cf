internal import CJail
internal import Domain
internal import Glibc
internal import Posix
internal import Testing
internal import Wire

/// Reads a bundle as `cjail.h` describes it, knowing nothing of its writer.
private struct BundleReader {
    struct Broken: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ count: Int) throws -> [UInt8] {
        guard count >= 0, position + count <= bytes.count else { throw Broken() }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func number(bytes count: Int) throws -> Int {
        try take(count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func string() throws -> [UInt8] {
        let text = try take(try number(bytes: 4))
        guard try take(1) == [0] else { throw Broken() }
        return text
    }
}

struct BundleTests {
    private static func read(_ bundle: borrowing Descriptor) throws -> [UInt8] {
        try SmallFile.read(bundle.rawValue, limit: 1 << 24)
    }

    private static let edges: [SourceFile] = {
        let sizes = [0, 1, 65_535, 65_536, 65_537, 300_000]
        return sizes.enumerated().compactMap { index, size in
            guard let path = try? WorkspacePath(parsing: "folder \(index)/é\(size)") else { return nil }
            return SourceFile(
                path: path, content: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) },
                executable: index % 2 == 1)
        }
    }()

    @Test func `a bundle reads back byte by byte as its layout says`() throws {
        let arguments: [[UInt8]] = [Array("/usr/bin/true".utf8), [], [0xff, 0xfe, 10]]
        let environment = [
            EnvironmentVariable(name: "A", value: ""), EnvironmentVariable(name: "B", value: "c=d é"),
        ]
        #expect(Self.edges.count == 6)
        let bundle = try Bundle.make(arguments: arguments, environment: environment, files: Self.edges)
        var reader = BundleReader(try Self.read(bundle))
        #expect(try reader.take(4) == Array("CJB1".utf8))
        #expect(try reader.number(bytes: 4) == 3)
        #expect(try reader.number(bytes: 4) == 2)
        #expect(try reader.number(bytes: 4) == Self.edges.count)
        for argument in arguments { #expect(try reader.string() == argument) }
        #expect(try reader.string() == Array("A=".utf8))
        #expect(try reader.string() == Array("B=c=d é".utf8))
        for file in Self.edges {
            #expect(try reader.string() == Array(file.path.description.utf8))
            #expect(try reader.number(bytes: 4) == (file.executable ? 0o755 : 0o644))
            let length = try reader.number(bytes: 8)
            #expect(length == file.content.count)
            #expect(try reader.take(length) == file.content)
        }
        #expect(reader.isAtEnd)
    }

    @Test func `an empty bundle is a head and nothing else`() throws {
        let bundle = try Bundle.make(arguments: [], environment: [], files: [])
        #expect(try Self.read(bundle) == Array("CJB1".utf8) + [UInt8](repeating: 0, count: 12))
    }

    @Test func `a bundle can be changed by nobody any more, and stands at its start`() throws {
        let bundle = try Bundle.make(arguments: [[65]], environment: [], files: [])
        #expect(lseek(bundle.rawValue, 0, SEEK_CUR) == 0)
        #expect(write(bundle.rawValue, [1], 1) == -1 && errno == EPERM)
        #expect(ftruncate(bundle.rawValue, 0) == -1 && errno == EPERM)
        #expect(ftruncate(bundle.rawValue, 4096) == -1 && errno == EPERM)
        #expect(
            mmap(nil, 1, PROT_READ | PROT_WRITE, MAP_SHARED, bundle.rawValue, 0) == MAP_FAILED
                && errno == EPERM)
    }
}
