internal import Glibc

// diatom-courier relay URL: carries bytes between descriptor 0, a socket, and the server of a URL. It says on descriptor 1
// whether that is there: "ok", or why not. Programs without a loader of their own leave names, proxies and TLS to it.
//
// diatom-courier deliver: sends the requests and mails that come by descriptor 0, and says there what came of them.
let arguments = Array(CommandLine.arguments.dropFirst())
signal(SIGPIPE, SIG_IGN)
switch arguments.first {
case "relay" where arguments.count == 2: exit(Relay.run(to: arguments[1]))
case "deliver" where arguments.count == 1: exit(Deliveries.run())
default:
    let line = Array(
        "diatom-courier: it is started by diatom, as: diatom-courier relay URL, or deliver\n".utf8)
    _ = write(2, line, line.count)
    exit(2)
}
