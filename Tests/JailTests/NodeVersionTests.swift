internal import Posix
internal import Testing

struct NodeVersionTests {
    private static let header = """
        #ifndef SRC_NODE_VERSION_H_
        #define NODE_MAJOR_VERSION 22
        #define NODE_MINOR_VERSION 15
        #define NODE_PATCH_VERSION 1
        """

    @Test func `a version is read from its headers, and compared by major and minor`() throws {
        let version = try #require(NodeVersion(header: Self.header))
        #expect(version == NodeVersion(major: 22, minor: 15))
        #expect(version > NodeVersion(major: 22, minor: 14))
        #expect(version < NodeVersion(major: 24, minor: 0))
    }

    @Test(arguments: [
        "", "#define NODE_MAJOR_VERSION 24", "#define NODE_MAJOR_VERSION x\n#define NODE_MINOR_VERSION 1",
    ])
    func `headers that do not tell are none`(_ text: String) {
        #expect(NodeVersion(header: text) == nil)
    }

    @Test func `a Node without headers tells nothing`() {
        #expect(NodeVersion(ofNode: "/nonexistent/bin/node") == nil)
    }
}
