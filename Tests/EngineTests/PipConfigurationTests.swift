import Engine
import Foundation
import Glibc
import Posix
import Testing

struct PipConfigurationTests: ~Copyable {
    private let path: String

    init() throws {
        var template = Array("/tmp/pip.XXXXXX".utf8CString)
        let fd = mkstemp(&template)
        try #require(fd >= 0)
        close(fd)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { unlink(path) }

    private func index(_ text: String, _ variables: [String: String] = [:]) throws -> LibraryIndex {
        try Data(text.utf8).write(to: URL(filePath: path))
        return PipConfiguration.index(environment: variables.merging(["PIP_CONFIG_FILE": path]) { $1 })
    }

    @Test func `files are read as pip reads them, and variables win`() throws {
        let text = """
            # ours
            [global]
            index-url = https://one.example/simple
            extra_index_url =
                https://two.example/simple
                https://three.example/simple
            cert: /etc/one.pem
            [install]
            find-links = /wheels file:///more
            [freeze]
            cert = /etc/none.pem
            """
        let index = try index(text)
        #expect(index.url == "https://one.example/simple")
        #expect(index.more == ["https://two.example/simple", "https://three.example/simple"])
        #expect(index.folders == ["/wheels", "/more"])
        #expect(index.certificates == "/etc/one.pem")
        let other = try self.index(
            text, ["PIP_INDEX_URL": "https://four.example/simple", "PIP_FIND_LINKS": "/x"])
        #expect(other.url == "https://four.example/simple" && other.folders == ["/x"])
        #expect(try self.index(text, ["PIP_NO_INDEX": "1"]).url == nil)
    }

    @Test func `as variables it is the same again`() throws {
        var index = LibraryIndex()
        index.url = "https://u:p@one.example/simple"
        index.more = ["https://two.example/simple"]
        index.folders = ["/wheels", "/more"]
        index.certificates = "/etc/one.pem"
        for url in [index.url, nil] {
            index.url = url
            index.more = url == nil ? [] : index.more
            let pairs = PipConfiguration.variables(of: index).map { variable in
                let halves = variable.split(separator: "=", maxSplits: 1)
                return (String(halves[0]), String(halves[1]))
            }
            #expect(PipConfiguration.index(environment: Dictionary(uniqueKeysWithValues: pairs)) == index)
        }
    }

    @Test func `an index is told from another by its place and not by its secrets`() {
        var one = LibraryIndex()
        one.url = "https://user:secret@one.example:8443/simple"
        #expect(one.identity == "https://one.example:8443/simple")
        var two = one
        two.url = "https://two.example/simple"
        #expect(one.identity != two.identity)
    }
}
