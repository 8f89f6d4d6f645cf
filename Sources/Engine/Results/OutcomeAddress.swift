package import Domain
internal import Languages
internal import Storage
internal import Workers

/// A digest of everything that can change what a run comes to, so that the same need not be run twice.
///
/// That is whose it is, every part of the request that the program could notice, the sandbox, the programs that start
/// it, what warm interpreters have imported, and the environment of libraries. What decides only when it runs, and
/// what is kept of it, is left out.
enum OutcomeAddress {
    private static let version = 1

    /// Nil of a request that never comes to the same: it has a network, or input that is still to come.
    static func of(
        _ plan: ProgramPlan, jailer: JailerGreeting, preloads: [String], environment: String?
    ) -> String? {
        let request = plan.request
        guard request.network.isNone, case .bytes(let stdin) = request.stdin else { return nil }
        var digest = ContentDigest()
        digest.add(version)
        for text in [request.key.description, jailer.policy, jailer.warmPolicy, plan.pack.id] {
            digest.add(text)
        }
        // Ourselves too: another Diatom may start programs in another way.
        let ours = ["diatom": "/proc/self/exe"]
        ToolchainIdentity.add(plan.values.programs.merging(ours) { $1 }, to: &digest)
        CompileAddress.add(plan.ownPrograms, to: &digest)
        add(preloads.map { Array($0.utf8) }, to: &digest)
        digest.add(environment ?? "")
        CompileAddress.add(request.files, to: &digest)
        digest.add(plan.entry.description)
        digest.add(stdin)
        add(request.args, to: &digest)
        add(request.env.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }, to: &digest)
        CompileAddress.add(request.limits, to: &digest)
        CompileAddress.add(request.compileLimits, to: &digest)
        add(request.collect.map { Array($0.utf8) }, to: &digest)
        digest.add(request.start.rawValue)
        digest.add(request.check.rawValue)
        for flag in [request.profile, request.rich, request.checkTypes] { digest.add(flag ? 1 : 0) }
        digest.add(request.seed.map { Int($0) } ?? -1)
        add(request.tests, to: &digest)
        return digest.hexadecimal()
    }

    private static func add(_ list: [[UInt8]], to digest: inout ContentDigest) {
        digest.add(list.count)
        for bytes in list { digest.add(bytes) }
    }

    private static func add(_ tests: [TestCase], to digest: inout ContentDigest) {
        digest.add(tests.count)
        for test in tests {
            digest.add(test.stdin == nil ? 0 : 1)
            digest.add(test.stdin ?? [])
            digest.add(test.args == nil ? 0 : 1)
            add(test.args ?? [], to: &digest)
        }
    }
}

extension RunEngine {
    package func outcomeAddress(of request: RunRequest) async -> String? {
        do throws(RequestError) {
            try check(request)
            let request = LimitCheck.bounded(request)
            let plan = try ProgramPlan(request, catalogue: catalogue)
            try LimitCheck.check(request, language: plan.pack.id)
            guard let jailer = await greeting(), jailer.refusal == nil else { return nil }
            var environment: String?
            let wish = try LibraryWish.of(request, pack: plan.pack, entry: plan.entry)
            if !wish.isEmpty {
                guard let python = plan.program("python3"), let known = kept.known(wish, python: python)
                else {
                    return nil
                }
                environment = known
            }
            return OutcomeAddress.of(
                plan, jailer: jailer, preloads: configuration.preload, environment: environment)
        } catch {
            // Whoever runs it says what is wrong with it.
            return nil
        }
    }
}
