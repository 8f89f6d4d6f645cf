package import Domain
internal import Posix
internal import Synchronization

/// Programs that were compiled before, by the address of everything that went into compiling them.
///
/// An address stands for one result for good, so nothing is ever invalid: entries only go when there is no room.
package final class CompileCache: Sendable {
    /// What a run that wants to compile has to do.
    package enum Seat: Sendable {
        case found(CompiledProgram)
        /// Compile, and then call ``land(_:_:)``, whatever came of it.
        case compile
        /// Compile, and tell nobody: somebody else's attempt came to nothing, or the run was cancelled.
        case compileAlone
    }

    private let thread: BlockingThread
    private let folder: Mutex<CompiledFolder>
    private let flights = CompileFlights()
    private let now: @Sendable () -> Int64

    /// Opens or makes the folder; blocks, for it is called once.
    ///
    /// `folder`: Its parent must exist. `most`: Of all entries together; one takes at most a quarter.
    package init(
        folder: String, most: ByteCount, now: @escaping @Sendable () -> Int64 = { WallClock.now() }
    ) throws(StorageFailure) {
        self.now = now
        self.folder = Mutex(try CompiledFolder.open(path: folder, most: most))
        do throws(SystemFailure) {
            thread = try BlockingThread()
        } catch {
            throw StorageFailure(error.description)
        }
    }

    deinit { thread.stop() }

    /// Looks a program up; of several that ask for the same at the same time, one is told to compile.
    package func board(_ address: String) async -> Seat {
        switch await flights.board(address) {
        case .follower(let program?): return .found(program)
        case .follower(nil): return .compileAlone
        case .leader:
            let found = await thread.perform { self.folder.withLock { $0.find(address, now: self.now()) } }
            guard let found else { return .compile }
            flights.land(address, found)
            return .found(found)
        }
    }

    /// Keeps what was compiled and hands it to those who wait; nil where compiling did not succeed.
    ///
    /// Returns: Why it could not be kept; those who wait have it all the same.
    @discardableResult
    package func land(_ address: String, _ program: CompiledProgram?) async -> StorageFailure? {
        defer { flights.land(address, program) }
        guard let program else { return nil }
        do throws(SystemFailure) {
            try await thread.perform { () throws(SystemFailure) in
                try self.folder.withLock { (folder: inout CompiledFolder) throws(SystemFailure) in
                    try folder.keep(program, at: address, now: self.now())
                }
            }
            return nil
        } catch {
            return StorageFailure(error.description)
        }
    }
}
