internal import Glibc
internal import Posix
internal import JSON

extension Bench {
    /// numpy and pandas, held by a service that imported them once.
    func preloadedRow() -> BenchRow {
        var row = BenchRow(
            "preloaded", "the same with numpy and pandas preloaded ÷ bare import of both", mustBe: "≤ 0.02")
        let bare = BareStart(path: "/usr/bin/python3", arguments: ["-c", "import numpy, pandas; print(1)"])
        do { _ = try bare.run() } catch {
            row.unmeasured = "/usr/bin/python3 has no numpy and pandas (apt-get install python3-pandas)"
            row.isOptional = true
            return row
        }
        do {
            let service = try BenchService(
                program: folder + "/diatom-service", allowed: plan.allowed, preload: ["numpy", "pandas"])
            defer { service.stop() }
            let request = BlockingClient.post(
                #"{"language":"python","code":"import numpy, pandas; print(1)"}"#)
            let measured = measure(
                [
                    Side("bare") { try bare.run().nanoseconds },
                    Side("preloaded") { try Self.timedRun(service.socket, request) },
                ], rounds: plan.slowRounds, dropped: plan.slowDropped)
            return compare(row, "preloaded", measured) { row, ours, bare in
                ratio(&row, ours, bare, atMost: 0.02)
                row.note = "bare import: \(BenchRow.short(bare.median)) ms"
            } ?? row
        } catch {
            row.unmeasured = error.reason
            return row
        }
    }

    /// A binary that a shell becomes, in a sandbox and bare: what the sandbox costs a fresh start.
    func freshRow(_ service: BenchService) -> BenchRow {
        var row = BenchRow(
            "fresh", "fresh C program (compiled before) in a sandbox − bare start", mustBe: "≤ 4 ms")
        row.note =
            "on both sides /bin/sh execs the binary, so that the API is given a ready program: "
            + "the difference is all of the sandbox, the socket and the 16 kB sent along"
        do {
            let program = try CompiledProgram(in: service.data)
            defer { program.remove() }
            let script = "chmod +x prog; exec ./prog"
            let bare = BareStart(path: "/bin/sh", arguments: ["-c", "exec \(program.path)"])
            var writer = JSONWriter()
            writer.text(Array(script.utf8))
            let code = String(decoding: writer.bytes, as: UTF8.self)
            var content: [UInt8] = []
            Base64.append(program.content, to: &content)
            let files =
                #"[{"path":"main.sh","content":\#(code)},{"path":"prog","encoding":"base64","content":"\#(String(decoding: content, as: UTF8.self))"}]"#
            let plain = files.replacing("chmod +x prog; ", with: "")
            // A file comes executable or not as the API has it; the script that needs no chmod is tried first.
            let ready = BlockingClient.post(#"{"language":"sh","entry":"main.sh","files":\#(plain)}"#)
            let made = BlockingClient.post(#"{"language":"sh","entry":"main.sh","files":\#(files)}"#)
            let isReady = (try? Self.timedRun(service.socket, ready)) != nil
            if !isReady { row.note = (row.note ?? "") + "; the sandboxed side runs chmod too" }
            let request = isReady ? ready : made
            let measured = measure(
                [
                    Side("bare") { try bare.run().nanoseconds },
                    Side("fresh") { try Self.timedRun(service.socket, request) },
                ], rounds: plan.rounds, dropped: plan.dropped)
            return compare(row, "fresh", measured) { row, ours, bare in
                let difference = ours.median - bare.median
                row.measured =
                    "\(BenchRow.short(difference)) ms (\(BenchRow.short(ours.median)) − \(BenchRow.short(bare.median)))"
                row.figure("difference_ms", difference)
                row.judge(difference, atMost: 4)
            } ?? row
        } catch {
            row.unmeasured = error.reason
            row.isOptional = access("/usr/bin/gcc", X_OK) != 0
            return row
        }
    }

    /// A small C program, compiled once by the machine's gcc.
    private struct CompiledProgram {
        var path: String
        var content: [UInt8]

        init(in folder: String) throws(Unmeasured) {
            path = folder + "/prog"
            let source = folder + "/prog.c"
            let text = Array("#include <stdio.h>\nint main(void) { puts(\"1\"); return 0; }\n".utf8)
            let fd = open(source, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard fd >= 0, DescriptorOutput.writeAll(text, to: fd) else {
                throw Unmeasured(reason: "cannot write to \(folder)")
            }
            close(fd)
            defer { unlink(source) }
            // The compiler looks for its parts along PATH, which a bare start does not have.
            let compiler = BareStart(
                path: "/usr/bin/env",
                arguments: ["PATH=/usr/bin:/bin", "/usr/bin/gcc", "-O2", "-s", "-o", path, source])
            do { _ = try compiler.run() } catch { throw Unmeasured(reason: "gcc: \(error)") }
            let binary = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(binary) }
            guard let bytes = StdinReader(descriptor: binary).readToEnd(most: 1 << 20) else {
                throw Unmeasured(reason: "cannot read \(path)")
            }
            content = bytes
        }

        func remove() { unlink(path) }
    }
}
