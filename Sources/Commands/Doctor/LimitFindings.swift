internal import Domain

/// Programs that reach one limit each on purpose, and what the verdict must name.
struct LimitTrial: Sendable {
    var name: LimitName
    var code: String
    /// What a run must say; nil where the limit is only named and ends nothing.
    var status: RunStatus?
    var set: @Sendable (inout Limits) -> Void

    static let all = [
        LimitTrial(name: .wall, code: "sleep 10", status: .timeExceeded) { $0.wall = .milliseconds(150) },
        LimitTrial(name: .cpu, code: "while :; do :; done", status: .cpuExceeded) {
            $0.cpu = .milliseconds(100)
        },
        LimitTrial(
            name: .memory, code: "head -c 200000000 /dev/zero | tail -c 190000000 > /dev/null",
            status: .memoryExceeded
        ) { $0.memory = .mebibytes(32) },
        LimitTrial(
            name: .processes,
            code:
                "i=0; while [ $i -lt 30 ]; do sleep 1 & i=$((i + 1)); done 2>/dev/null; kill $(jobs -p); wait",
            status: nil
        ) { $0.processes = 6 },
        LimitTrial(name: .output, code: "head -c 200000 /dev/zero", status: .outputExceeded) {
            $0.output = ByteCount(bytes: 1_000)
        },
        LimitTrial(name: .disk, code: "head -c 4000000 /dev/zero > full", status: .diskExceeded) {
            $0.disk = .mebibytes(1)
        },
        LimitTrial(
            name: .files, code: "i=0; while [ $i -lt 200 ]; do : > f$i || exit 1; i=$((i + 1)); done",
            status: nil
        ) { $0.files = 60 },
    ]

    var request: RunRequest {
        var request = ProbeRequest.make(language: "sh", code)
        request.limits.wall = .seconds(8)
        set(&request.limits)
        return request
    }

    func finding(_ result: RunResult) -> Finding {
        let verdict = result.verdict
        let named = verdict.limit?.name == name
        guard named, status == nil || verdict.status == status else {
            if status == nil, verdict.status == .failed {
                return Finding(.limits, name.rawValue, .limited, "held, but the verdict does not name it")
            }
            let got =
                "\(verdict.status.rawValue)\(verdict.limit.map { ", naming \($0.name.rawValue)" } ?? "")"
            return Finding(
                .limits, name.rawValue, .missing,
                "a program that goes beyond it ended as \(got)\(result.failure.map { ": \($0)" } ?? "")")
        }
        let how = verdict.limit?.how ?? ""
        return Finding(
            .limits, name.rawValue, how.contains("sampl") ? .limited : .inForce,
            "\(verdict.status.rawValue), by \(how)")
    }
}

/// Requests for programs of our own.
enum ProbeRequest {
    static func make(language: String, _ code: String, start: RunRequest.Start = .fresh) -> RunRequest {
        let name = language == "python" ? "main.py" : language == "c" ? "main.c" : "main.sh"
        var request = RunRequest(language: language, files: [])
        if let path = try? WorkspacePath(parsing: name) {
            request.files = [SourceFile(path: path, content: Array(code.utf8))]
        }
        request.start = start
        return request
    }
}
