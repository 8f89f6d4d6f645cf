internal import CCrypto
internal import Domain
internal import Glibc

/// SHA-256.
enum Digest {
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        SHA256(bytes, bytes.count, &digest)
        return digest
    }
}

/// A key to sign by (Ed25519): one for the heads of the audit log, another for webhooks.
struct SigningKey: Sendable {
    private let seed: [UInt8]
    let publicKey: [UInt8]

    init?(seed: [UInt8]) {
        guard seed.count == 32 else { return nil }
        var key = [UInt8](repeating: 0, count: 32)
        guard diatom_ed25519_public(seed, &key) == 1 else { return nil }
        self.seed = seed
        publicKey = key
    }

    /// Reads the key of a folder, or makes one that only the folder's user can read.
    static func ofFolder(_ folder: String, _ name: String) throws(StorageFailure) -> SigningKey {
        let path = "\(folder)/\(name)"
        if let text = try RecordFile.read(path) {
            let digits = text.prefix { $0 != 0x0a }
            guard let seed = Hexadecimal.decode(String(decoding: digits, as: UTF8.self)),
                let key = SigningKey(seed: seed)
            else { throw StorageFailure("\(name) is damaged; restore it from a backup") }
            return key
        }
        // The system's generator, which takes its numbers from getrandom(2).
        let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        guard let key = SigningKey(seed: seed) else {
            throw StorageFailure("no signing key can be made of random numbers")
        }
        try RecordFile.write(path, Array((Hexadecimal.encode(seed) + "\n").utf8))
        return key
    }

    var text: String { Hexadecimal.encode(seed) }

    func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        guard diatom_ed25519_sign(seed, message, message.count, &signature) == 1 else { return [] }
        return signature
    }

    static func isValid(_ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]) -> Bool {
        guard signature.count == 64, publicKey.count == 32 else { return false }
        return diatom_ed25519_verify(publicKey, message, message.count, signature) == 1
    }
}

/// Small files of the store's folder, for its user alone.
enum RecordFile {
    /// nil where there is none.
    static func read(_ path: String, most: Int = 1 << 30) throws(StorageFailure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < most {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }

    /// Writes beside the name and moves there: a file is whole or not there.
    static func write(_ path: String, _ bytes: [UInt8]) throws(StorageFailure) {
        let draft = path + ".\(UInt64.random(in: .min ... .max)).tmp"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", draft) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 else {
                let failure = failure("write", path)
                close(descriptor)
                unlink(draft)
                throw failure
            }
            written += count
        }
        close(descriptor)
        guard rename(draft, path) == 0 else {
            let failure = failure("rename", path)
            unlink(draft)
            throw failure
        }
    }

    private static func failure(_ what: String, _ path: String) -> StorageFailure {
        let name = path.split(separator: "/").last ?? ""
        return StorageFailure(
            "\(what) of \(name) in the store's folder failed: \(String(cString: strerror(errno)))")
    }
}
