internal import CJail
internal import Glibc

/// Programs that are started ahead, as the C structs that the exec host takes; made once and kept for good.
struct AheadImage {
    /// By kind of host; those that there are not have no arguments.
    let programs: UnsafeMutablePointer<cjail_ahead>

    init(_ interpreters: [UInt32: InterpreterHost]) {
        let count = Int(CJAIL_AHEAD_MAX)
        programs = .allocate(capacity: count)
        programs.initialize(repeating: cjail_ahead(), count: count)
        for (kind, interpreter) in interpreters {
            precondition(Int(kind) < count, "kinds of host have outgrown CJAIL_AHEAD_MAX")
            programs[Int(kind)].argv = Self.list(interpreter.command)
            programs[Int(kind)].envp = Self.list(interpreter.environment)
        }
    }

    private static func list(_ texts: [String]) -> UnsafePointer<UnsafeMutablePointer<CChar>?> {
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { (list + index).initialize(to: strdup(text)) }
        (list + texts.count).initialize(to: nil)
        return UnsafePointer(list)
    }
}
