internal import API
internal import Domain
internal import Synchronization

/// How many bytes of request bodies are held, of one request and of all together.
final class BodyBudget: Sendable {
    let largestBody: Int
    /// How much of a refused body is read and dropped, so that its client comes to read the answer.
    var mostDiscarded: Int { max(largestBody, 1 << 20) }
    private let most: Int
    private let held = Atomic(0)

    init(largestBody: ByteCount, most: ByteCount) {
        self.largestBody = largestBody.bytes
        self.most = most.bytes
    }

    static let tooLarge = APIError(.bodyTooLarge).response
    private static let busy = APIError(
        RequestError(.busy, "the service holds as many bytes of requests as it may; try again in a moment")
    ).response

    /// Takes bytes for a request, or says why not.
    func take(_ count: Int, alreadyTaken: Int) -> HTTPResponse? {
        guard alreadyTaken + count <= largestBody else { return Self.tooLarge }
        guard held.add(count, ordering: .relaxed).newValue <= most else {
            held.subtract(count, ordering: .relaxed)
            return Self.busy
        }
        return nil
    }

    func give(_ count: Int) { held.subtract(count, ordering: .relaxed) }
}
