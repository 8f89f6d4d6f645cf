internal import Domain
internal import JSON

/// Parts of a result by themselves, as the events of a run carry them.
extension RunResultEncoder {
    static func encode(_ shown: RichResult) -> [UInt8] { document { write(shown, to: &$0) } }
    static func encode(_ file: CollectedFile) -> [UInt8] { document { write(file, to: &$0) } }
    static func encode(_ compile: CompileResult) -> [UInt8] { document { write(compile, to: &$0) } }
    static func encode(test result: RunResult) -> [UInt8] { document { write(test: result, to: &$0) } }

    private static func document(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        fill(&writer)
        return writer.bytes
    }
}
