internal import CLinux

/// Keeps the heap from growing with time where what is used does not.
///
/// glibc gives each thread an arena of its own and pages back only from their ends; answers of all sizes that live for
/// a thousand runs leave holes in all of them.
package enum Heap {
    private static let interval: Duration = .seconds(60)

    /// Has few arenas, which costs nothing where threads seldom allocate at the same time.
    ///
    /// Called before there are threads.
    package static func beFrugal() { clinux_few_arenas() }

    /// Gives free pages back every minute, from now on (some milliseconds each time).
    package static func tend() {
        Task {
            while (try? await Task.sleep(for: interval)) != nil { clinux_give_back() }
        }
    }
}
