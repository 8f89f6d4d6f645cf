/// Hears of each event of a cell, in order; the cell waits for it.
package typealias CellObserver = @Sendable (CellEvent) async -> Void
package typealias CommandObserver = @Sendable (CommandEvent) async -> Void

/// Makes sessions and knows those that are there.
package protocol SessionKeeper: Sendable {
    func create(_ request: SessionRequest) async throws(RequestError) -> any LiveSession
    /// One that is there, or was lately.
    func find(_ id: SessionID) -> (any LiveSession)?
    func all() -> [any LiveSession]
}

/// A session: contexts, commands, files, and states to return to.
///
/// What needs the whole session throws `.conflict` while a cell runs; everything throws it once the session is over.
package protocol LiveSession: Sendable {
    var id: SessionID { get }
    var info: SessionInfo { get }

    func change(_ change: SessionChange) async throws(RequestError)
    func pause() async throws(RequestError)
    func resume() async throws(RequestError)
    func end() async
    func usage() async throws(RequestError) -> SessionUsage

    /// Runs a cell to its end; cancelling the task interrupts it. A cell that fails is a result.
    ///
    /// `id`: Names it in what is asked of it meanwhile.
    func run(
        _ cell: CellRequest, id: String, observer: CellObserver?
    ) async throws(RequestError) -> CellResult
    /// Answers what a running cell asks for; nil ends its input.
    func answer(cell: String, request: String, text: String?) throws(RequestError)
    /// Interrupts what runs in a context, or in all.
    func interrupt(context: String?) async throws(RequestError)
    func contexts() -> [ContextInfo]
    func addContext(language: String, cwd: String?) async throws(RequestError) -> ContextInfo
    func removeContext(_ id: String) async throws(RequestError)
    func restartContext(_ id: String) async throws(RequestError) -> ContextInfo
    func complete(_ code: String, cursor: Int?, context: String) async throws(RequestError) -> Completions

    /// - Returns: The number of the process in the session.
    func start(
        _ command: CommandRequest, observer: @escaping CommandObserver
    ) async throws(RequestError) -> Int
    func commands() -> [CommandInfo]
    func write(_ bytes: [UInt8], toCommand pid: Int, ends: Bool) throws(RequestError)
    func signal(_ number: Int32, command pid: Int) async throws(RequestError)
    func resize(_ size: CommandRequest.Terminal, command pid: Int) throws(RequestError)

    func state(ofFile path: String) async throws(RequestError) -> FileState
    func openFile(_ path: String) async throws(RequestError) -> (FileState, any FileContent)
    /// Makes missing folders; what is there is written over.
    func createFile(_ path: String, mode: UInt32) async throws(RequestError) -> any FileWriter
    /// What stands in a folder; `depth`: 1 is what stands in the folder itself.
    func list(_ path: String, depth: Int, most: Int) async throws(RequestError) -> [FileState]
    func makeFolder(_ path: String) async throws(RequestError)
    func move(_ path: String, to target: String) async throws(RequestError)
    func remove(_ path: String) async throws(RequestError)
    /// Changes in a folder, until the task that reads them is cancelled.
    func watch(_ path: String) async throws(RequestError) -> AsyncStream<FileChange>

    func checkpoint(drops: Bool) async throws(RequestError) -> Checkpoint
    func checkpoints() -> [Checkpoint]
    func removeCheckpoint(_ id: String) async throws(RequestError)
    /// Returns to a checkpoint; `id`: nil for the last one.
    func rollBack(to id: String?) async throws(RequestError) -> Checkpoint
    /// Copies that go their own way, of this moment or of a checkpoint.
    func fork(
        count: Int, checkpoint: String?, drops: Bool
    ) async throws(RequestError) -> [Result<any LiveSession, RequestError>]
}
