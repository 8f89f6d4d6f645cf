internal import Domain
@testable internal import Engine
internal import Testing

struct PathPatternTests {
    @Test(
        arguments: [
            ("a.txt", "a.txt", true), ("a.txt", "b.txt", false), ("a.txt", "d/a.txt", false),
            ("*.txt", "a.txt", true),
            ("*.txt", ".txt", true), ("*.txt", "d/a.txt", false), ("*", "a/b", false), ("*/*", "a/b", true),
            ("**", "a", true), ("**", "a/b/c", true), ("**/*.png", "p.png", true),
            ("**/*.png", "a/b/p.png", true),
            ("**/*.png", "a/p.jpg", false), ("a/**/z", "a/z", true), ("a/**/z", "a/b/c/z", true),
            ("a/**/z", "b/z", false),
            ("a/**", "a/b/c", true), ("a/**", "b", false), ("**/a/**/b/**", "x/a/y/b/z", true),
            ("**/a/**/b/**", "x/b/y/a/z", false),
            ("?.c", "a.c", true), ("?.c", "ab.c", false), ("[a-c].c", "b.c", true),
            ("[!a-c].c", "b.c", false),
            ("a**b", "axxb", true), ("a**b", "a/b", false), ("d/", "d", true), ("./a", "a", false),
            ("", "a", false),
            ("é*", "éa", true), ("\\*", "*", true), ("\\*", "a", false), ("[", "[", true), ("[", "a", false),
        ] as [(String, String, Bool)])
    func `a pattern matches whole paths, name by name`(_ pattern: String, _ path: String, _ expected: Bool)
        throws
    {
        #expect(PathPattern(pattern).matches(try WorkspacePath(parsing: path)) == expected)
    }

    /// Patterns on which a matcher that tries everything would not end in a lifetime.
    @Test(.timeLimit(.minutes(1)))
    func `no pattern takes for ever`() throws {
        let path = try WorkspacePath(
            parsing: [String](repeating: "aaaaaaaaaaaaaaaaaaaa", count: 30).joined(separator: "/"))
        let stars = [String](repeating: "**/*a*a*a*a*", count: 200).joined(separator: "/")
        #expect(!PathPattern(stars + "/b").matches(path))
        let name = try WorkspacePath(parsing: String(repeating: "a", count: 255))
        #expect(!PathPattern(String(repeating: "*a", count: 120) + "b").matches(name))
    }
}
