import Domain
import Languages
import Testing

struct NodeTraceTests {
    private func read(_ stderr: String) -> GuestError? {
        GuestErrorReader.read(.node, stderr: Array(stderr.utf8), exitCode: 1)
    }

    private func place(_ error: GuestError?) -> String {
        "\(error?.file ?? "-"):\(error?.line ?? 0):\(error?.column ?? 0)"
    }

    @Test func `an uncaught error gives name, message, place and frames`() throws {
        let error = try #require(
            read(
                """
                before
                /home/user/lib/half.js:3
                  throw new RangeError('two\\nlines');
                  ^

                RangeError: two
                lines
                    at half (/home/user/lib/half.js:3:9)
                    at Object.<anonymous> (/home/user/main.js:2:1)
                    at Module._compile (node:internal/modules/cjs/loader:1872:14)

                Node.js v24.19.0

                """))
        #expect(error.name == "RangeError")
        #expect(error.message == "two\nlines")
        #expect(place(error) == "lib/half.js:3:9")
        #expect(error.frames.map(\.function) == ["half", "Object.<anonymous>"])
        #expect(error.traceback.count == 4)
    }

    @Test func `a syntax error points with its mark`() throws {
        let error = read(
            """
            /home/user/main.js:2
            let one two;
                    ^^^

            SyntaxError: Unexpected identifier 'two'
                at wrapSafe (node:internal/modules/cjs/loader:1743:18)

            Node.js v24.19.0
            """)
        #expect(error?.message == "Unexpected identifier 'two'")
        #expect(place(error) == "main.js:2:9")
    }

    @Test func `an error inside Node points at the user's first frame`() throws {
        let error = read(
            """
            node:internal/modules/run_main:107
                triggerUncaughtException(
                ^

            TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string
                at Object.readFileSync (node:fs:441:42)
                at async file:///home/user/main.mjs:4:3

            Node.js v24.19.0
            """)
        #expect(error?.name == "TypeError")
        #expect(place(error) == "main.mjs:4:3")
    }

    @Test(arguments: [
        "", "nothing of Node's\n", "/home/user/main.js:3\n", "/home/user/main.js:3\nx\n^\n",
        "Node.js v24.19.0\n",
        "/home/user/main.js:999999999999999999999\nx\n^\n\nError: a\n", "    at (((((:::\n\nNode.js v1\n",
    ])
    func `what is no trace gives no error`(_ stderr: String) {
        #expect(read(stderr) == nil)
    }

    @Test func `a thrown value that is no error is told as it was printed`() throws {
        let error = read(
            "/home/user/main.js:1\nthrow 'x'\n^\n\nUncaught:\n'x'\n(Use `node --trace-uncaught ...` to show)\n\nNode.js v24.19.0\n"
        )
        #expect(error?.name == "Uncaught")
        #expect(error?.message == "'x'")
        #expect(place(error) == "main.js:1:1")
    }

    @Test func `frames and message are bounded`() throws {
        let frames = (1...500).map { "    at f\($0) (/home/user/main.js:\($0):1)" }.joined(separator: "\n")
        let text =
            "/home/user/main.js:1\nx\n^\n\nError: \(String(repeating: "é", count: 9000))\n\(frames)\n\nNode.js v24\n"
        let error = try #require(read(text))
        #expect(error.frames.count == GuestErrorReader.mostFrames)
        #expect(error.message.utf8.count <= GuestErrorReader.longestMessage)
    }
}
