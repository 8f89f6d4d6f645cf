internal import Glibc
import Jail

// diatom-jailer [--client FD | --listen PATH] [--name value]…; see JailerOptions
func fail(_ text: String) -> Never {
    let line = Array("diatom-jailer: \(text)\n".utf8)
    _ = write(2, line, line.count)
    exit(2)
}

func start(_ arguments: [String], filters: consuming FiltersAhead) {
    var options = JailerOptions()
    do {
        try options.readFile(JailerOptions.defaultFile)
        try options.read(arguments: arguments)
        try options.showToolchains()
    } catch {
        fail("\(error)")
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(7), &limit) == 0 {
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(7), &limit)
    }
    do {
        try Jailer(options, filters: filters).run()
    } catch {
        fail("\(error)")
    }
}

signal(SIGPIPE, SIG_IGN)
umask(0o022)  // sandboxes have users of their own, who must be able to read their root
do {
    // Before anything else: it takes longest, and waits for nothing.
    let filters = try FiltersAhead.start()
    start(Array(CommandLine.arguments.dropFirst()), filters: filters)
} catch {
    fail("\(error)")
}
