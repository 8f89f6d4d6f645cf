internal import Domain
internal import Glibc
internal import Service
internal import Testing

private func run(_ code: String) -> String { #"{"language":"python","code":"\#(code)"}"# }

@Suite(.timeLimit(.minutes(1)))
struct ServiceServerTests {
    @Test func `a run is answered, and another on the same connection`() async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            for code in ["hello", "sleep", "again"] {
                let response = try await client.post(run(code))
                #expect(response.status == 200)
                #expect(response.body.contains(#""status":"succeeded""#))
            }
            #expect(try await client.get("/healthz").body == #"{"status":"ok"}"#)
        }
    }

    @Test func `the socket is for its owner alone`() async throws {
        try await withService { path, _ in
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `a client that hangs up ends its run`() async throws {
        let runner = TestRunner()
        try await withService(runner: runner) { path, _ in
            var client: HTTPClient? = try HTTPClient(path: path)
            try await client?.send(HTTPClient.postText(run("hang")))
            #expect(await eventually { runner.started.load(ordering: .relaxed) == 1 })
            client = nil
            #expect(await eventually { runner.cancelled.load(ordering: .relaxed) == 1 })
        }
    }

    @Test func `a client that only stops sending gets its answer`() async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            try await client.send(HTTPClient.postText(run("sleep")))
            client.finishSending()
            #expect(try await client.receive().status == 200)
        }
    }

    @Test func `a body that is announced too large is refused before it is sent`() async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            let response = try await client.exchange(
                "POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\nExpect: 100-continue\r\n\r\n"
            )
            #expect(response.status == 413)
            #expect(response.body.contains("too_large"))
        }
    }

    @Test func `a body in chunks is refused when it has grown too large`() async throws {
        try await withService(configure: { $0.largestBody = ByteCount(bytes: 1_000) }) { path, _ in
            let client = try HTTPClient(path: path)
            let chunk = "200\r\n" + String(repeating: "x", count: 0x200) + "\r\n"
            let response = try await client.exchange(
                "POST /v1/runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk
                    + chunk + "0\r\n\r\n")
            #expect(response.status == 413)
        }
    }

    @Test func `a page that may use the service can read why its request was refused`() async throws {
        let origin = "https://app.example"
        try await withService(origins: [origin], configure: { $0.largestBody = ByteCount(bytes: 1_000) }) {
            path, _ in
            let chunk = "200\r\n" + String(repeating: "x", count: 0x200) + "\r\n"
            for rest in [
                "Content-Length: 100000\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)\(chunk)0\r\n\r\n",
            ] {
                let head = "POST /v1/runs HTTP/1.1\r\nHost: x\r\nOrigin: \(origin)\r\n"
                let response = try await HTTPClient(path: path).exchange(head + rest)
                #expect(response.status == 413)
                #expect(response.head.lowercased().contains("access-control-allow-origin: \(origin)"))
            }
        }
    }

    @Test func `a length given in two ways is refused`() async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            let response = try await client.exchange(
                "POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            )
            #expect(response.status == 400)
        }
    }

    @Test func `a slow request is cut off, others are served meanwhile`() async throws {
        try await withService(configure: {
            $0.headTimeout = .milliseconds(500)
            $0.bodyTimeout = .milliseconds(500)
        }) { path, _ in
            for start in [
                "", "POST /v1/runs HTTP/1.1\r\nHost:", HTTPClient.postText(run("x")) + "GET", Self.halfBody,
            ] {
                let slow = try HTTPClient(path: path)
                try await slow.send(start)
                #expect(try await HTTPClient(path: path).post(run("x")).status == 200)
                if start.hasSuffix("GET") {
                    _ = try await slow.receive()
                } else {
                    #expect(await slow.isClosed())
                }
            }
        }
    }

    private static let halfBody = String(HTTPClient.postText(run("x")).dropLast())

    @Test func `a second service on the same socket is refused`() async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            #expect(try await client.get("/healthz").status == 200)
            let other = ServiceServer(socketPath: path, application: testApplication(), log: quiet)
            await #expect(throws: ServiceError.alreadyServed) { try await other.run() }
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func `a stop lets runs end within the grace, and answers those that do not`() async throws {
        for code in ["sleep", "hang"] {
            try await withService { path, server in
                let client = try HTTPClient(path: path)
                let idle = try HTTPClient(path: path)
                #expect(try await idle.get("/readyz").status == 200)
                try await client.send(HTTPClient.postText(run(code)))
                try await Task.sleep(for: .milliseconds(20))
                server.stop()
                #expect(try await client.receive().status == 200)
            }
        }
    }

    @Test func `a run that ignores its cancellation does not keep the service`() async throws {
        try await withService { path, server in
            let client = try HTTPClient(path: path)
            try await client.send(HTTPClient.postText(run("deaf")))
            try await Task.sleep(for: .milliseconds(20))
            server.stop()
            #expect(try await client.receive().status == 503)
        }
    }

    @Test func `many clients at once are all answered`() async throws {
        try await withService { path, _ in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        try await HTTPClient(path: path).post(run(number % 2 == 0 ? "sleep" : "x")).status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
        }
    }

    @Test func `ten megabytes arrive and leave whole`() async throws {
        try await withService { path, _ in
            let code = String(repeating: "x", count: 10 << 20)
            let response = try await HTTPClient(path: path).post(run(code))
            #expect(response.status == 200)
            #expect(response.body.utf8.count > code.utf8.count)
        }
    }

    @Test func `a run that is answered at once costs little more than the socket`() async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            _ = try await client.measure(HTTPClient.postText(run("x")), count: 200)
            let times = try await client.measure(HTTPClient.postText(run("x")), count: 2_000).sorted()
            print(
                "POST /v1/runs, median and 99th percentile, µs:", times[1_000] / 1_000, times[1_980] / 1_000)
            #expect(times[1_000] < 5_000_000)
        }
    }
}
