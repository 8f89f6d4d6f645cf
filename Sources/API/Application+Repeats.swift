internal import Domain
internal import JSON

// With an Idempotency-Key: claim, run, keep the answer. The claim is durable before the run begins, so that
// after a crash a repeat is told of it and never runs twice.
extension Application {
    func submitOnce(
        _ order: RunOrder, key: String, fingerprint: String
    ) async throws(APIError) -> HTTPResponse {
        let key = "\(order.principal.key) \(key)"
        do throws(RequestError) {
            let outcome = try await keyed.perform(key, fingerprint: fingerprint) {
                await self.claimAndRun(order, key: key, fingerprint: fingerprint)
            }
            var response = outcome.response.httpResponse
            if outcome.isReplay { response.headers.append("Idempotent-Replay", "true") }
            return response
        } catch {
            throw APIError(error)
        }
    }

    private func claimAndRun(
        _ order: RunOrder, key: String, fingerprint: String
    ) async -> KeyedRequests.Outcome {
        let claim: IdempotencyClaim
        do throws(StorageFailure) {
            claim = try await idempotency.begin(key: key, fingerprint: fingerprint)
        } catch {
            log(.error, "idempotency_begin_failed", ["why": error.message])
            return .refused(
                RequestError(
                    .unreachable,
                    "Idempotency-Key: keys cannot be kept at the moment, so nothing was run; try again"))
        }
        switch claim {
        case .finished(let response): return KeyedRequests.Outcome(response: response, isReplay: true)
        case .begun: return .refused(.keyInterrupted)
        case .mismatch: return .refused(.keyConflict)
        case .new: return order.isBackground ? await queueClaimed(order, key) : await runClaimed(order, key)
        }
    }

    private func runClaimed(_ order: RunOrder, _ key: String) async -> KeyedRequests.Outcome {
        do throws(RequestError) {
            let ended = await (try desk.start(order)).task.value
            switch ended {
            case .ran: await finish(key, ended.stored)
            case .refused: await release(key)
            }
            return KeyedRequests.Outcome(response: ended.stored, isReplay: false)
        } catch {
            await release(key)
            return .refused(error)
        }
    }

    /// The answer that is kept is the 202: it names the run, and a repeat must name the same.
    private func queueClaimed(_ order: RunOrder, _ key: String) async -> KeyedRequests.Outcome {
        do throws(RequestError) {
            let queued = Self.queued(try await desk.startInBackground(order).id)
            await finish(key, queued)
            return KeyedRequests.Outcome(response: queued, isReplay: false)
        } catch {
            await release(key)
            return .refused(error)
        }
    }

    private func finish(_ key: String, _ response: StoredResponse) async {
        do throws(StorageFailure) {
            try await idempotency.finish(key: key, response: response)
        } catch {
            log(.error, "idempotency_finish_failed", ["why": error.message])
        }
    }

    private func release(_ key: String) async {
        do throws(StorageFailure) {
            try await idempotency.release(key: key)
        } catch {
            log(.error, "idempotency_release_failed", ["why": error.message])
        }
    }

    /// The run that a 202 names.
    static func runID(in response: HTTPResponse) -> RunID? {
        guard case .object(let object)? = try? JSONParser.parse(response.body.bytes),
            case .string(let id)? = object["id"]
        else { return nil }
        return RunID(parsing: id)
    }
}

extension StoredResponse {
    var httpResponse: HTTPResponse {
        var response = HTTPResponse.json(status, body)
        if let retryAfter { response.headers.append("Retry-After", "\(retryAfter)") }
        return response
    }
}

extension KeyedRequests.Outcome {
    static func refused(_ error: RequestError) -> Self {
        Self(response: APIError(error).stored, isReplay: false)
    }
}
