internal import Commands
internal import Domain
internal import Glibc

exit(
    Commands.main(makeRunner: { (_) throws(RequestError) in
        throw RequestError(.unsupported, "no service listens, and running alone is not built yet")
    }))
