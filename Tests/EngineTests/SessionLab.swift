internal import Domain
internal import Engine
internal import Foundation
internal import Glibc
internal import Testing

/// One engine with sessions that the tests of sessions share.
enum SessionLab {
    static let obstacle: String? = {
        if let obstacle = Lab.obstacle { return obstacle }
        let places = [
            "/usr/lib/python3/dist-packages/IPython", "/usr/local/lib/python3/dist-packages/IPython",
        ]
        return places.contains { access($0, R_OK) == 0 } ? nil : "IPython is not installed (python3-ipython)"
    }()

    private static let shared = Result {
        try Lab.makeEngine {
            $0.mostSessions = 40
            $0.contextPreload = ["numpy"]
        }
    }

    static func keeper() throws -> any SessionKeeper { try #require(try shared.get().sessions) }

    /// Gives a new session to a body and ends it afterwards.
    static func with(
        _ configure: (inout SessionRequest) throws -> Void = { _ in },
        _ body: (any LiveSession) async throws -> Void
    ) async throws {
        var request = SessionRequest()
        request.limits.memory = .mebibytes(512)
        try configure(&request)
        let session = try await keeper().create(request)
        do { try await body(session) } catch {
            await session.end()
            throw error
        }
        await session.end()
    }
}

extension LiveSession {
    /// Runs a cell of Python.
    @discardableResult
    func run(_ code: String, configure: (inout CellRequest) -> Void = { _ in }) async throws -> CellResult {
        var cell = CellRequest(code: code)
        cell.wall = .seconds(30)
        configure(&cell)
        return try await run(cell, id: "cell_\(UInt64.random(in: 0 ... .max))", observer: nil)
    }

    /// The text of the value that some code has.
    func value(_ code: String) async throws -> String? { try await run(code).value }
}

extension CellResult {
    var out: String { String(decoding: stdout, as: UTF8.self) }
    var err: String { String(decoding: stderr, as: UTF8.self) }

    var value: String? { form("text/plain") }

    func form(_ type: String) -> String? {
        for shown in results {
            guard let form = shown.forms.first(where: { $0.type == type }) else { continue }
            return (try? JSONDecoder().decode(String.self, from: Data(form.json)))
                ?? String(decoding: form.json, as: UTF8.self)
        }
        return nil
    }

    var account: Comment {
        "\(verdict.status) out=\(out.suffix(600)) err=\(err.suffix(600)) error=\(String(describing: error)) failure=\(failure ?? "") limit=\(String(describing: verdict.limit))"
    }
}
