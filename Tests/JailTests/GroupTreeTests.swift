internal import Glibc
internal import Jail
internal import Posix
internal import Testing

/// Real control groups; the sweep looks at all of the machine, so these take turns.
@Suite(
    .serialized,
    .enabled(if: ControllerPlaces.find().isComplete, "no control group can be made by this user here"),
    .timeLimit(.minutes(1)))
struct GroupTreeTests {
    private let places = ControllerPlaces.find()

    /// A tree with a process in it, whom the caller reaps; made anew where a jailer that starts just now sweeps half of it.
    private func plant(_ name: String) throws -> Int32? {
        for _ in 0..<100 {
            GroupTree.remove(name, in: places)
            let sleeper = try ChildProcess.start("/bin/sleep", ["1000"], descriptors: [])
            let isWhole = places.distinct.allSatisfy { place in
                let folder = "\(place.path)/\(name)"
                guard mkdir(folder, 0o755) == 0, mkdir(folder + "/k-local", 0o755) == 0 else { return false }
                return (try? SmallFile.write(folder + "/k-local/cgroup.procs", "\(sleeper)")) != nil
            }
            if isWhole { return sleeper }
            kill(sleeper, SIGKILL)
            // One that nobody reaps keeps exit tests from hearing of theirs.
            waitpid(sleeper, nil, 0)
        }
        return nil
    }

    @Test func `the tree of a jailer that is gone is swept, with what still runs in it`() throws {
        // Our own pid with another start time: a process that was here before us and is gone.
        let stale = "\(GroupTree.prefix)\(getpid())-1"
        let sleeper = try #require(try plant(stale), "others sweep it away faster than it is made")

        GroupTree.sweep(places)
        for place in places.distinct { #expect(!SmallFile.exists("\(place.path)/\(stale)"), "\(place.path)") }
        var status: Int32 = 0
        #expect(waitpid(sleeper, &status, 0) == sleeper)
        #expect(status & 0x7f == SIGKILL)
    }

    @Test func `the tree of a living jailer is left alone, and so is what is no tree of ours`() throws {
        let tree = try GroupTree(places: places)
        let place = try #require(places.memory)
        let stranger = "\(place.path)/\(GroupTree.prefix)stranger"
        mkdir(stranger, 0o755)
        defer { rmdir(stranger) }
        GroupTree.sweep(places)
        #expect(SmallFile.exists(stranger))
        for place in places.distinct { #expect(SmallFile.exists("\(place.path)/\(tree.name)/hosts")) }
        GroupTree.remove(tree.name, in: places)
        for place in places.distinct { #expect(!SmallFile.exists("\(place.path)/\(tree.name)")) }
    }
}
