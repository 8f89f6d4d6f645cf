internal import Commands
internal import Domain
internal import Glibc

/// Stands where the API's codec will stand.
private struct NoCodec: RunCodec {
    func decodeRequest(_ json: [UInt8]) throws(RequestError) -> RunRequest {
        throw RequestError(.unsupported, "run --json works through a service only; start 'diatom serve'")
    }
    func encodeResult(_ result: RunResult) -> [UInt8] { [] }
}

exit(
    Commands.main(
        codec: NoCodec(),
        makeRunner: { (_) throws(RequestError) in
            throw RequestError(.unsupported, "no service listens, and running alone is not built yet")
        }))
