internal import Domain

extension Application {
    /// `POST /v1/runs`: everything that can be refused is refused before anything runs.
    func submit(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        try ContentRules.requireJSON(request.headers)
        try QueryReader.check(request.query, known: ["wait"])
        let wait = try QueryReader.flag("wait", in: request.query, default: true)
        let key = try IdempotencyKey.read(request.headers)
        let run: RunRequest
        do throws(RequestError) {
            run = try decoder.decode(request.body).request
        } catch {
            throw APIError(error)
        }
        guard let key else { return wait ? await runAndWait(run) : queue(run) }
        let fingerprint = SHA256.hexadecimal(request.body) + (wait ? "" : " wait=false")
        return try await submitOnce(run, key: "\(run.key) \(key)", fingerprint: fingerprint, wait: wait)
    }

    private func runAndWait(_ run: RunRequest) async -> HTTPResponse {
        switch start(run, id: .now()) {
        case .failure(let error): return APIError(error).response
        case .success(let task):
            let ended = await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            return ended.httpResponse
        }
    }

    private func queue(_ run: RunRequest) -> HTTPResponse {
        let id = RunID.now()
        switch start(run, id: id) {
        case .failure(let error): return APIError(error).response
        case .success: return Self.queued(id).httpResponse
        }
    }

    private static func queued(_ id: RunID) -> StoredResponse {
        StoredResponse(status: 202, body: object(("id", id.description), ("status", "queued")))
    }

    /// Starts a run on the calling thread.
    ///
    /// - Returns: The task of the run, or why it could not be taken.
    private func start(_ run: RunRequest, id: RunID) -> Result<Task<Ended, Never>, RequestError> {
        do throws(RequestError) {
            try registry.begin(id)
        } catch {
            return .failure(error)
        }
        let task = owner.startHere { await self.execute(run, id: id) }
        registry.attach(id) { task.cancel() }
        return .success(task)
    }

    private func execute(_ run: RunRequest, id: RunID) async -> Ended {
        let ended: Ended
        do throws(RequestError) {
            ended = .ran(RunResultEncoder.encode(try await runner.run(run, id: id, observer: nil)))
        } catch {
            ended = .refused(APIError(error))
        }
        registry.finish(id, ended.stored)
        return ended
    }

    /// How a run ended for its client.
    private enum Ended {
        case ran([UInt8])
        /// Nothing ran.
        case refused(APIError)

        var stored: StoredResponse {
            switch self {
            case .ran(let body): StoredResponse(status: 200, body: body)
            case .refused(let error): StoredResponse(status: error.status, body: error.body)
            }
        }

        var httpResponse: HTTPResponse {
            switch self {
            case .ran(let body): .json(200, body)
            case .refused(let error): error.response
            }
        }
    }
}

// With an Idempotency-Key: claim, run, keep the answer. The claim is durable before the run begins, so that
// after a crash a repeat is told of it and never runs twice.
extension Application {
    private func submitOnce(
        _ run: RunRequest, key: String, fingerprint: String, wait: Bool
    ) async throws(APIError) -> HTTPResponse {
        do throws(RequestError) {
            let outcome = try await keyed.perform(key, fingerprint: fingerprint) {
                await self.claimAndRun(run, key: key, fingerprint: fingerprint, wait: wait)
            }
            var response = outcome.response.httpResponse
            if outcome.isReplay { response.headers.append("Idempotent-Replay", "true") }
            return response
        } catch {
            throw APIError(error)
        }
    }

    private func claimAndRun(
        _ run: RunRequest, key: String, fingerprint: String, wait: Bool
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
        case .new: return wait ? await runClaimed(run, key: key) : await queueClaimed(run, key: key)
        }
    }

    private func runClaimed(_ run: RunRequest, key: String) async -> KeyedRequests.Outcome {
        switch start(run, id: .now()) {
        case .failure(let error):
            await release(key)
            return .refused(error)
        case .success(let task):
            let ended = await task.value
            switch ended {
            case .ran: await finish(key, ended.stored)
            case .refused: await release(key)
            }
            return KeyedRequests.Outcome(response: ended.stored, isReplay: false)
        }
    }

    /// The answer that is kept is the 202: it names the run, and a repeat must name the same.
    private func queueClaimed(_ run: RunRequest, key: String) async -> KeyedRequests.Outcome {
        let id = RunID.now()
        switch start(run, id: id) {
        case .failure(let error):
            await release(key)
            return .refused(error)
        case .success:
            await finish(key, Self.queued(id))
            return KeyedRequests.Outcome(response: Self.queued(id), isReplay: false)
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
}

extension StoredResponse {
    var httpResponse: HTTPResponse {
        var response = HTTPResponse.json(status, body)
        if status == 429 || status == 503 { response.headers.append("Retry-After", "1") }
        return response
    }
}

extension KeyedRequests.Outcome {
    static func refused(_ error: RequestError) -> Self {
        let error = APIError(error)
        return Self(response: StoredResponse(status: error.status, body: error.body), isReplay: false)
    }
}
