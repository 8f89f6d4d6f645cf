internal import CJail
package import Domain

/// What a jailer says of itself and of the isolation it puts up.
package struct JailerGreeting: Hashable, Sendable {
    /// In the order in which a sandbox gets them.
    package var layers: [String]
    package var policy: String
    /// Of interpreters that were started ahead, whose plan differs.
    package var warmPolicy: String
    package var isSampled: Bool
    package var hasOwnUsers: Bool
    package var hosts: Set<StepOrder.Host>
    /// Of those: the ones whose programs are started ahead, one for each run.
    package var pooled: Set<StepOrder.Host>
    package var groupVersion: Int
    package var landlockABI: Int
    /// How many confined hosts there may be at a time; 0 where they cannot be had.
    package var confinedHosts: Int
    package var pid: Int32
    /// Why no run can be made; nil when all is well.
    package var refusal: String?

    private static let names = [
        "user", "pid", "mount", "net", "ipc", "uts", "cgroup", "seccomp", "landlock", "capabilities",
        "rlimits",
    ]

    init(_ report: cjail_report) {
        layers = Self.names.enumerated().filter { report.layers & (1 << UInt32($0.offset)) != 0 }.map(
            \.element)
        func hash(_ start: Int) -> String {
            withUnsafeBytes(of: report.policy) { bytes in
                "sha256:" + Hexadecimal.encode(bytes[start..<start + 32])
            }
        }
        policy = hash(0)
        warmPolicy = hash(32)
        isSampled = report.memory_grade == UInt32(CJAIL_MEMORY_SAMPLED.rawValue)
        hasOwnUsers = report.own_uid == 1
        func kinds(_ bits: UInt32) -> Set<StepOrder.Host> {
            Set(StepOrder.Host.allCases.filter { bits & (1 << $0.rawValue) != 0 })
        }
        hosts = kinds(report.hosts)
        pooled = kinds(report.pooled)
        groupVersion = Int(report.group_version)
        landlockABI = Int(report.landlock_abi)
        confinedHosts = Int(report.confined)
        pid = Int32(bitPattern: report.pid)
        refusal = report.words.isEmpty ? nil : report.words
    }
}

extension JailerGreeting {
    /// How a program comes to life that this kind of host starts.
    package func start(of host: StepOrder.Host) -> Receipt.Start {
        if pooled.contains(host) { return .pooled }
        return host == .exec ? .exec : .forked
    }

    /// What binds a program that was started so: one that was forked keeps its interpreter's plan.
    package func policy(of start: Receipt.Start) -> String { start == .forked ? warmPolicy : policy }
}

extension cjail_report {
    /// The text of a report, as far as it goes.
    var words: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
