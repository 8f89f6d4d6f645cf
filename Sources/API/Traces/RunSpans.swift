internal import Domain
internal import Telemetry

/// What a run was made of, as spans: made from the figures of its result, when it is over.
enum RunSpans {
    /// The spans of a run that was taken on at `began` (nanoseconds since 1970), as parts of its request's span.
    static func of(_ result: RunResult, in context: TraceContext, began: Int64, ended: Int64) -> [Span] {
        let own = context.child()
        var run = Span("run", own, parent: context.span, start: began, end: ended)
        run.add("diatom.run.id", result.id.description)
        run.add("diatom.run.language", result.language)
        run.add("diatom.run.status", result.verdict.status.rawValue)
        run.add("diatom.run.limit", result.verdict.limit?.name.rawValue)
        run.add("diatom.run.start", result.receipt?.start.rawValue)
        run.add("diatom.run.memory_peak_bytes", result.usage.memoryPeak?.bytes)
        run.add("diatom.run.cpu_us", result.usage.cpu.map { Int($0.inNanoseconds / 1_000) })
        if result.verdict.status == .engineFailed { run.problem = result.failure ?? "the engine failed" }
        var spans = [run]
        var clock = began
        func add(_ name: String, _ took: Duration?) {
            guard let took, took > .zero else { return }
            let end = min(clock + took.inNanoseconds, ended)
            spans.append(Span(name, own.child(), parent: own.span, start: clock, end: end))
            clock = end
        }
        add("queue", result.queued - result.startup)
        add("compile", result.compile.flatMap { $0.cached ? nil : $0.usage.wall })
        add("start", result.startup)
        add("execute", result.usage.wall)
        return spans
    }
}
