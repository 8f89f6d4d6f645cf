internal import Glibc
internal import JSON
internal import Posix

extension Bench {
    private static let libraries = #""libraries":["numpy","pandas","matplotlib"]"#
    private static let oneMore = #""libraries":["numpy","pandas","matplotlib","six"]"#
    private static let imports = "import numpy, pandas, matplotlib; print(1)"

    /// An environment that was just made is imported by a warm host, on the same cores.
    private static let secondsToSettle: UInt32 = 5

    /// An environment of three libraries, made of wheels that are kept from one with a library more; and runs with it.
    ///
    /// Not made twice: file systems are slow to use again what was removed a moment ago.
    func libraryRows(_ service: BenchService) -> [BenchRow] {
        var cold = BenchRow(
            "environment", "environment of three libraries, cold, from a local wheel cache", mustBe: "≤ 5 s")
        var warm = BenchRow(
            "libraries",
            "run with numpy, pandas and matplotlib after first use ÷ bare interpreter importing them",
            mustBe: "≤ 0.03")
        do throws(Unmeasured) {
            _ = try make(Self.oneMore, service)
            sleep(Self.secondsToSettle)
            let begun = Monotonic.now()
            let hash = try make(Self.libraries, service)
            let seconds = Double(Monotonic.now() - begun) / 1e9
            cold.measured = "\(BenchRow.short(seconds)) s"
            cold.figure("seconds", seconds)
            cold.judge(seconds, atMost: 5)
            warm = importRow(warm, service, hash)
        } catch {
            (cold.unmeasured, warm.unmeasured) = (error.reason, error.reason)
            // What cannot be fetched here is no fault of this program.
            (cold.isOptional, warm.isOptional) = (true, true)
        }
        return [cold, warm]
    }

    private func importRow(_ row: BenchRow, _ service: BenchService, _ hash: String) -> BenchRow {
        let place = "\(service.data)/environments/store/\(hash)/site-packages"
        let bare = BareStart(
            path: "/usr/bin/python3",
            arguments: ["-c", "import sys; sys.path[:0] = ['\(place)']; \(Self.imports)"])
        let order = BlockingClient.post(
            #"{"language":"python","code":"\#(Self.imports)",\#(Self.libraries)}"#)
        let measured = measure(
            [
                Side("bare") { try bare.run().nanoseconds },
                Side(row.id) { [socket = service.socket] in try Self.timedRun(socket, order) },
            ], rounds: plan.slowRounds, dropped: plan.slowDropped)
        return compare(row, row.id, measured) { row, ours, bare in
            ratio(&row, ours, bare, atMost: 0.03)
            row.note = "bare, with the same libraries: \(BenchRow.short(bare.median)) ms"
        } ?? row
    }

    private static func request(_ method: String, _ path: String, _ body: String) -> [UInt8] {
        Array(
            ("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
    }

    /// The hash of the environment.
    private func make(_ libraries: String, _ service: BenchService) throws(Unmeasured) -> String {
        let answer = try exchange(
            service, Self.request("POST", "/v1/environments", "{\(libraries)}"), "environment")
        guard let value = try? JSONParser.parse(answer), case .object(let object) = value,
            case .string(let hash) = object["id"]
        else { throw Unmeasured(reason: "the service's answer is none about an environment") }
        return hash
    }

    private func exchange(
        _ service: BenchService, _ request: [UInt8], _ what: String
    ) throws(Unmeasured) -> [UInt8] {
        guard let client = BlockingClient(path: service.socket, patience: 600) else {
            throw Unmeasured(reason: "the service does not answer")
        }
        let response: HTTPResponseParser.Response
        do throws(BlockingClient.Failure) { response = try client.exchange(request) } catch {
            throw Unmeasured(reason: "\(what): \(error)")
        }
        guard response.status == 200 else {
            let text = String(decoding: response.body, as: UTF8.self)
            throw Unmeasured(reason: "\(what): \(text.shortened(to: 300))")
        }
        return response.body
    }
}
