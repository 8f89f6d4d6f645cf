import Domain
internal import Engine
import Languages
import Testing

/// Programs that are hard on their compiler: each ends in a clear result, within the limits of compiling.
@Suite(.serialized, .needsSandboxes, .timeLimit(.minutes(2)))
struct CompilerBombTests {
    struct Bomb: Sendable, CustomTestStringConvertible {
        var language: String
        var name: String
        var code: String
        /// How compiling may end: some compilers stop by themselves, and in which limit others run depends.
        var endings: Set<RunStatus>
        var testDescription: String { "\(language): \(name)" }
    }

    private static let overrun: Set<RunStatus> = [.timeExceeded, .memoryExceeded, .cpuExceeded]
    private static let refusal: Set<RunStatus> = [.compileFailed]
    private static func parentheses(_ count: Int) -> String {
        String(repeating: "(", count: count) + "1" + String(repeating: ")", count: count)
    }

    private static let compiledToMachineCode = [
        Bomb(
            language: "c", name: "an endless file",
            code: "#include \"/dev/zero\"\nint main(void) { return 0; }\n",
            endings: overrun.union(refusal)),
        Bomb(
            language: "c", name: "warnings without end",
            code: "#warning again\n#include \"main.c\"\n#include \"main.c\"\n",
            endings: overrun.union([.outputExceeded])),
        Bomb(
            language: "c", name: "a terabyte of data",
            code: "char big[1UL << 40] = {1};\nint main(void) { return 0; }\n",
            endings: overrun.union(refusal).union([.diskExceeded])),
        Bomb(
            language: "cpp", name: "templates that double",
            code: """
                template <int N, class T> struct F {
                    typename F<N - 1, F<N, T>>::type a;
                    typename F<N - 1, F<N, int>>::type b;
                    typedef F type;
                };
                template <class T> struct F<0, T> { typedef T type; };
                F<400, int> f;
                int main() {}

                """, endings: overrun.union([.outputExceeded])),
        Bomb(
            language: "cpp", name: "templates that recurse",
            code:
                "template <int N> struct F { static const int v = F<N + 1>::v; };\nint main() { return F<0>::v; }\n",
            endings: refusal),
        Bomb(
            language: "cpp", name: "an endless file", code: "#include \"/dev/zero\"\nint main() {}\n",
            endings: overrun.union(refusal)),
        Bomb(
            language: "fortran", name: "an endless file",
            code: "program main\n  include '/dev/zero'\nend program\n", endings: overrun.union(refusal)),
        Bomb(
            language: "assembly", name: "an endless file", code: "%include \"/dev/zero\"\n", endings: overrun),
        Bomb(
            language: "assembly", name: "errors without end", code: "%rep 1000000\n%error no\n%endrep\n",
            endings: [.outputExceeded]),
        Bomb(
            language: "rust", name: "a macro that doubles",
            code: "macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)*); } }\nm!(a a a a);\nfn main() {}\n",
            endings: overrun.union(refusal)),
        Bomb(
            language: "d", name: "a loop while compiling",
            code: "int f() { int n; while (true) n++; return n; }\nenum v = f();\nvoid main() {}\n",
            endings: overrun),
        Bomb(
            language: "nim", name: "a program while compiling",
            code: "const x = staticExec(\"yes\")\necho x.len\n", endings: overrun),
        Bomb(
            language: "zig", name: "a loop while compiling",
            code: """
                pub fn main() void {
                    comptime {
                        @setEvalBranchQuota(4294967295);
                        var n: u64 = 0;
                        while (true) n +%= 1;
                    }
                }

                """, endings: overrun),
    ]

    private static let others = [
        Bomb(
            language: "java", name: "nested without end",
            code: "public class Main { Object f = \(parentheses(20_000)); }\n",
            endings: overrun.union(refusal)),
        Bomb(
            language: "kotlin", name: "nested without end",
            code: "fun main() { val x = \(parentheses(20_000)) }\n",
            endings: overrun.union(refusal)),
        Bomb(
            language: "csharp", name: "nested without end",
            code: "class P { object f = \(parentheses(100_000)); static void Main() {} }\n",
            endings: overrun.union(refusal).union([.killed])),
        Bomb(
            language: "ocaml", name: "a type that doubles",
            code: "let f0 x = (x, x)\n"
                + (1...5).map { "let f\($0) x = f\($0 - 1) (f\($0 - 1) x)\n" }.joined()
                + "let () = ignore (f5 1)\n", endings: overrun),
        Bomb(
            language: "haskell", name: "an endless file",
            code: "{-# LANGUAGE CPP #-}\n#include \"/dev/zero\"\nmain :: IO ()\nmain = pure ()\n",
            endings: overrun.union(refusal)),
        Bomb(
            language: "erlang", name: "an endless file",
            code: "-module(main).\n-export([main/1]).\n-include(\"/dev/zero\").\nmain(_) -> ok.\n",
            endings: overrun.union(refusal)),
    ]

    static let bombs = (compiledToMachineCode + others).filter { bomb in
        (try? LanguageCatalogue().pack(named: bomb.language))?.missing == nil
    }

    @Test(arguments: bombs)
    func `a compiler bomb ends in a clear result`(_ bomb: Bomb) async throws {
        let pack = try #require(try LanguageCatalogue().pack(named: bomb.language))
        let entry = try WorkspacePath(parsing: pack.entry)
        var request = RunRequest(
            language: bomb.language, files: [SourceFile(path: entry, content: Array(bomb.code.utf8))])
        request.compileLimits.wall = .seconds(3)
        request.compileLimits.memory = .mebibytes(384)
        let result = try await Lab.engine().run(request)
        #expect(result.verdict.status == .compileFailed, result.account)
        let compile = try #require(result.compile)
        #expect(bomb.endings.contains(compile.verdict.status), "\(compile.verdict)")
        #expect(compile.stdout.count + compile.stderr.count <= request.compileLimits.output.bytes)
        // The end is told: by a limit with its name, or by the compiler's own words.
        #expect(compile.verdict.limit != nil || !compile.stderr.isEmpty || !compile.stdout.isEmpty)
        #expect((result.error?.traceback.count ?? 0) <= GuestErrorReader.mostFrames * 3)
        #expect(result.stdout == [] && result.stderr == [])
    }
}
