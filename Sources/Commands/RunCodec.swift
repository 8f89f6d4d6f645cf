package import Domain

/// Turns the JSON of `diatom run --json` into a request and a result into JSON.
package protocol RunCodec: Sendable {
    func decodeRequest(_ json: [UInt8]) throws(RequestError) -> RunRequest
    func encodeResult(_ result: RunResult) -> [UInt8]
}
