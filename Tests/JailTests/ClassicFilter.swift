/// Runs a seccomp filter as the kernel would: enough of classic BPF for what libseccomp writes.
struct ClassicFilter {
    struct Call {
        var number: Int32
        var architecture: UInt32 = 0xC000_003E  // AUDIT_ARCH_X86_64
        var arguments: [UInt64] = []
    }

    struct Invalid: Error, Equatable {
        var problem: String
    }

    /// What a filter answers, by the upper half of the returned word.
    enum Answer: Equatable {
        case allow
        case refuse(Int32)
        case notify
        case kill
        case other(UInt32)
    }

    private struct Instruction {
        var code: UInt16
        var whenTrue: Int
        var whenFalse: Int
        var operand: UInt32
    }

    private let program: [Instruction]

    init(_ words: [UInt64]) {
        program = words.map { word in
            Instruction(
                code: UInt16(truncatingIfNeeded: word), whenTrue: Int(word >> 16 & 0xff),
                whenFalse: Int(word >> 24 & 0xff),
                operand: UInt32(word >> 32))
        }
    }

    func answer(_ call: Call) throws(Invalid) -> Answer {
        let word = try run(call)
        return switch word & 0xffff_0000 {
        case 0x7fff_0000: .allow
        case 0x0005_0000: .refuse(Int32(word & 0xffff))
        case 0x7fc0_0000: .notify
        case 0x8000_0000: .kill
        default: .other(word)
        }
    }

    private func run(_ call: Call) throws(Invalid) -> UInt32 {
        var accumulator: UInt32 = 0
        var counter = 0
        while counter < program.count {
            let instruction = program[counter]
            counter += 1
            func jump(_ isTrue: Bool) { counter += isTrue ? instruction.whenTrue : instruction.whenFalse }
            switch instruction.code {
            case 0x20: accumulator = try Self.word(instruction.operand, of: call)
            case 0x54: accumulator &= instruction.operand
            case 0x05: counter += Int(instruction.operand)
            case 0x15: jump(accumulator == instruction.operand)
            case 0x25: jump(accumulator > instruction.operand)
            case 0x35: jump(accumulator >= instruction.operand)
            case 0x45: jump(accumulator & instruction.operand != 0)
            case 0x06: return instruction.operand
            default: throw Invalid(problem: "instruction \(instruction.code) at \(counter - 1)")
            }
        }
        throw Invalid(problem: "no return")
    }

    /// A word of `struct seccomp_data`.
    private static func word(_ offset: UInt32, of call: Call) throws(Invalid) -> UInt32 {
        switch offset {
        case 0: return UInt32(bitPattern: call.number)
        case 4: return call.architecture
        case 8, 12: return 0
        case 16..<64 where offset % 4 == 0:
            let index = Int(offset - 16) / 8
            let value = index < call.arguments.count ? call.arguments[index] : 0
            return UInt32(truncatingIfNeeded: offset % 8 == 0 ? value : value >> 32)
        default: throw Invalid(problem: "load at \(offset)")
        }
    }
}
