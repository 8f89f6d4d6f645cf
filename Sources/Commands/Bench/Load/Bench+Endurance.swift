internal import Domain
internal import Glibc
internal import Posix

extension Bench {
    /// Clients that follow runs which say nothing.
    func followersRow() -> BenchRow {
        let count = plan.idleConnections
        var row = BenchRow(
            "idle", "\(count) idle SSE connections: growth of the service's RSS for each", mustBe: "≤ 16 KB")
        do throws(Unmeasured) {
            try whole(["--connections", "\(count + 100)"]) { service, key throws(Unmeasured) in
                let runs = try Self.sleepers(service, key, count: 10)
                usleep(500_000)
                let before = service.residentKilobytes
                var followers: [LoadClient] = []
                for number in 0..<count {
                    let follower = try service.connect()
                    let events = BlockingClient.get("/v1/runs/\(runs[number % runs.count])/events", key: key)
                    guard (try? follower.client.ask(events)) != nil, follower.client.hears("200 OK") else {
                        throw Unmeasured(reason: "connection \(number + 1) is not answered")
                    }
                    followers.append(follower)
                }
                usleep(500_000)
                let growth = Double(service.residentKilobytes - before) / Double(count)
                withExtendedLifetime(followers) {}
                row.measured = "\(BenchRow.short(growth)) KB"
                row.figure("kilobytes", growth)
                row.figure("rss_before_kilobytes", Double(before))
                row.judge(growth, atMost: 16)
            }
        } catch { row.unmeasured = error.reason }
        return row
    }

    private static func sleepers(
        _ service: LoadService, _ key: String, count: Int
    ) throws(Unmeasured) -> [String] {
        let body = #"{"language":"python","code":"import time; time.sleep(300)","limits":{"wall_ms":300000}}"#
        let request = BlockingClient.post(body, to: "/v1/runs?wait=false", key: key)
        let connection = try service.connect()
        var runs: [String] = []
        for _ in 0..<count {
            guard let answer = try? connection.client.exchange(request), answer.status == 202,
                let id = String(decoding: answer.body, as: UTF8.self).split(separator: "\"").first(where: {
                    $0.hasPrefix("run_")
                })
            else { throw Unmeasured(reason: "no run was begun") }
            runs.append(String(id))
        }
        return runs
    }

    /// What a service is asked for in its life, by eight clients at a time.
    func enduranceRow() -> BenchRow {
        let (count, warmUp) = (plan.enduranceRuns, plan.enduranceRuns / 10)
        var row = BenchRow(
            "endurance", "\(count) runs of mixed load: RSS growth after warm-up; lost records",
            mustBe: "≤ 5 %; 0")
        do throws(Unmeasured) {
            try whole { service, key throws(Unmeasured) in
                let kept = try service.runsKept()
                try Self.mixed(service, key, runs: warmUp)
                usleep(1_000_000)
                let before = service.residentKilobytes
                try Self.mixed(service, key, runs: count - warmUp)
                usleep(1_000_000)
                let growth = (Double(service.residentKilobytes) / Double(max(before, 1)) - 1) * 100
                let lost = count - (try service.runsKept() - kept)
                row.measured = "\(BenchRow.short(growth)) % of \(before >> 10) MB; \(lost)"
                row.figure("growth_percent", growth)
                row.figure("lost", Double(lost))
                row.judge(growth, atMost: 5)
                if lost != 0 { row.missedBy = "\(lost) records are lost or doubled" }
            }
        } catch { row.unmeasured = error.reason }
        return row
    }

    private static let mixture = [
        #"{"language":"python","code":"print(sum(range(1000)))"}"#,
        #"{"language":"python","code":"raise ValueError('x')"}"#,
        #"{"language":"python","code":"open('a.txt','w').write('x'*5000)","collect":["*.txt"]}"#,
        #"{"language":"python","code":"print(input())","stdin":"hello"}"#,
        #"{"language":"javascript","code":"console.log([1,2,3].map(x => x * x))"}"#,
        #"{"language":"bash","code":"echo $((6*7)) | tr 4 5"}"#,
        #"{"language":"sql","code":"select 1 as one"}"#,
        ##"{"language":"c","code":"#include <stdio.h>\nint main(void) { puts(\"1\"); }"}"##,
        #"{"language":"python","code":"print('x' * 20000)","store":"meta"}"#,
        #"{"language":"python","code":"import time; time.sleep(0.05)"}"#,
    ]

    private static func mixed(_ service: LoadService, _ key: String, runs: Int) throws(Unmeasured) {
        let clients = 8
        let failures = Crowd.run(clients) { client -> String? in
            do {
                let connection = try service.connect()
                for number in stride(from: client, to: runs, by: clients) {
                    let request = BlockingClient.post(mixture[number % mixture.count], key: key)
                    let answer = try connection.client.exchange(request)
                    guard answer.status == 200 else {
                        return String(decoding: answer.body.prefix(200), as: UTF8.self)
                    }
                }
                return nil
            } catch { return (error as? Unmeasured)?.reason ?? "\(error)" }
        }.compactMap { $0 }
        if let first = failures.first { throw Unmeasured(reason: first) }
    }
}
