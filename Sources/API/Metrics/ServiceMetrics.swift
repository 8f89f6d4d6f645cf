internal import Domain
package import Telemetry

/// What is counted of requests and runs.
package final class ServiceMetrics: Sendable {
    /// More may be added to it by whoever puts the service together.
    package let registry = MetricRegistry()
    /// What an operator may be told of.
    package let recent = RecentRuns()

    private let requests = Counter(
        MetricName(
            "diatom_http_requests_total", "Answered requests.", labels: ["operation", "method", "code"]))
    private let requestSeconds = Histogram(
        MetricName(
            "diatom_http_request_seconds", "From the end of a request to the start of its answer.",
            labels: ["operation"]))
    private let runs = Counter(
        MetricName("diatom_runs_total", "Runs that ended.", labels: ["language", "status"]))
    private let refused = Counter(
        MetricName("diatom_runs_refused_total", "Requests for runs that were refused.", labels: ["code"]))
    private let limits = Counter(
        MetricName("diatom_run_limits_total", "Limits that runs reached.", labels: ["limit"]))
    private let runSeconds = Histogram(
        MetricName(
            "diatom_run_wall_seconds", "What runs took, from the first instruction.", labels: ["language"]))
    private let cpuSeconds = Counter(
        MetricName("diatom_run_cpu_seconds_total", "CPU time of runs.", labels: ["language"]))
    private let memoryPeak = Histogram(
        MetricName("diatom_run_memory_peak_bytes", "The most memory that runs had.", labels: ["language"]),
        bounds: Histogram.bytes)
    private let queueSeconds = Histogram(
        MetricName("diatom_run_queue_seconds", "How long runs waited for their turn."))
    private let startSeconds = Histogram(
        MetricName(
            "diatom_run_start_seconds", "From the order to start a program to its first instruction.",
            labels: ["start"]))
    private let answerSeconds = Histogram(
        MetricName("diatom_run_answer_seconds", "From when a run was taken on until its result was there."))
    private let compileSeconds = Histogram(
        MetricName("diatom_compile_seconds", "What compiling took.", labels: ["language"]))
    private let compileCache = Counter(
        MetricName(
            "diatom_compile_cache_total", "Compiled programs that were asked for.", labels: ["result"]))

    private let resultCache = Counter(
        MetricName(
            "diatom_result_cache_total", "Runs that might have been answered from the cache.",
            labels: ["result"]))

    package init() {
        registry.add([
            requests, requestSeconds, runs, refused, limits, runSeconds, cpuSeconds, memoryPeak, queueSeconds,
            startSeconds, answerSeconds, compileSeconds, compileCache, resultCache,
        ])
        registry.add(ProcessMetrics.all())
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]

    func note(_ operation: String, _ method: String, _ status: Int, took: Duration) {
        requests.add(1, operation, Self.methods.contains(method) ? method : "other", "\(status)")
        requestSeconds.observe(took.inSeconds, operation)
    }

    func note(isCached: Bool) { resultCache.add(1, isCached ? "hit" : "miss") }

    func note(refused error: APIError) { refused.add(1, error.code) }

    /// `took`: From when the run was taken on until its result was there.
    func note(_ result: RunResult, took: Duration) {
        let wall = result.usage.wall?.inSeconds ?? 0
        recent.note(wait: result.queued, hasFailed: result.verdict.status == .engineFailed)
        let compiling = result.compile?.usage.wall?.inSeconds ?? 0
        runs.add(1, result.language, result.verdict.status.rawValue)
        runSeconds.observe(wall, result.language)
        queueSeconds.observe(max(0, (result.queued - result.startup).inSeconds))
        answerSeconds.observe(took.inSeconds)
        if let limit = result.verdict.limit { limits.add(1, limit.name.rawValue) }
        if let cpu = result.usage.cpu { cpuSeconds.add(cpu.inSeconds, result.language) }
        if let peak = result.usage.memoryPeak { memoryPeak.observe(Double(peak.bytes), result.language) }
        if let compile = result.compile {
            compileCache.add(1, compile.cached ? "hit" : "miss")
            if !compile.cached { compileSeconds.observe(compiling, result.language) }
        }
        if let start = result.receipt?.start, result.startup > .zero {
            startSeconds.observe(result.startup.inSeconds, start.rawValue)
        }
    }
}
