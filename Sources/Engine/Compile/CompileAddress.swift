internal import Domain
internal import Languages
internal import Storage
internal import Workers

/// The address of a compile step's result: a digest of everything that can change it.
///
/// That is whose it is, the sandbox, the toolchain, the command, its environment, every file it can see, what is
/// carried over, and all limits: a program that compiles in 1 GB need not do so in 100 MB.
enum CompileAddress {
    private static let version = 1

    static func of(
        _ order: StepOrder, outputs: [String], programs: [String: String], pack: String, policy: String
    ) -> String {
        var digest = ContentDigest()
        digest.add(version)
        digest.add(order.key.description)
        digest.add(policy)
        digest.add(pack)
        ToolchainIdentity.add(programs, to: &digest)
        digest.add(order.arguments.count)
        for argument in order.arguments { digest.add(argument) }
        digest.add(order.environment.count)
        for variable in order.environment.sorted(by: { $0.name < $1.name }) {
            digest.add(variable.name)
            digest.add(variable.value)
        }
        add(order.files, to: &digest)
        digest.add(outputs.count)
        for output in outputs { digest.add(output) }
        add(order.limits, to: &digest)
        return digest.hexadecimal()
    }

    static func add(_ files: [SourceFile], to digest: inout ContentDigest) {
        digest.add(files.count)
        for file in files.sorted(by: { $0.path.description < $1.path.description }) {
            digest.add(file.path.description)
            digest.add(file.executable ? 1 : 0)
            digest.add(file.content)
        }
    }

    static func add(_ limits: Limits, to digest: inout ContentDigest) {
        for number in [
            Int(limits.wall.inNanoseconds), Int(limits.cpu.inNanoseconds), limits.memory.bytes,
            limits.processes, limits.output.bytes, limits.disk.bytes, limits.files, limits.cpuPercent,
        ] {
            digest.add(number)
        }
    }
}
