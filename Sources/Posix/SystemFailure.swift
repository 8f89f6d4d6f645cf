internal import Glibc

/// A system call that the kernel refused.
package struct SystemFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var operation: String
    package var code: Int32

    package init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    package var description: String {
        "\(operation) failed: \(String(cString: strerror(code))) (errno \(code))"
    }
}

/// Calls until the call is not interrupted; a negative result becomes an error with `errno`.
@discardableResult
package func check<Result: SignedInteger>(
    _ operation: @autoclosure () -> String, _ call: () -> Result
) throws(SystemFailure) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw SystemFailure(operation: operation(), code: code) }
    }
}

/// Turns the `-errno` of a shim into an error.
@discardableResult
package func checkCode(_ operation: @autoclosure () -> String, _ call: () -> Int32) throws(SystemFailure)
    -> Int32
{
    let result = call()
    if result < 0 { throw SystemFailure(operation: operation(), code: -result) }
    return result
}
