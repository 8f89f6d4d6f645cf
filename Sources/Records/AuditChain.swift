internal import Domain

/// How entries of the audit log are chained: each holds the hash of all before it.
///
/// The canonical text of an event is its fields in the order below, each as a netstring (`5:hello,`), and `-,`
/// where there is none; docs/audit.md says it to the byte.
enum AuditChain {
    static let beginning = [UInt8](repeating: 0, count: 32)

    static func hash(_ event: AuditEvent, number: Int64, after previous: [UInt8]) -> [UInt8] {
        Digest.of(previous + canonical(event, number: number))
    }

    static func canonical(_ event: AuditEvent, number: Int64) -> [UInt8] {
        let fields: [String?] = [
            String(number), String(event.time), event.level.rawValue, event.kind.rawValue,
            event.key.description, event.user, event.subject, event.status?.rawValue, event.language,
            event.policy, event.note,
        ]
        var bytes: [UInt8] = []
        for field in fields {
            guard let field else {
                bytes += "-,".utf8
                continue
            }
            bytes += "\(field.utf8.count):".utf8
            bytes += field.utf8
            bytes.append(UInt8(ascii: ","))
        }
        return bytes
    }

    /// What is signed of a head.
    static func message(number: Int64, hash: [UInt8], time: Int64) -> [UInt8] {
        Array("diatom audit head\n\(number)\n\(Hexadecimal.encode(hash))\n\(time)\n".utf8)
    }

    // MARK: In the database

    static func append(_ event: AuditEvent, to database: Database) throws(StorageFailure) {
        let last = try database.first("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1") {
            ($0.integer(0) ?? 0, $0.blob(1) ?? [])
        }
        let number = (last?.0 ?? 0) + 1
        let hash = hash(event, number: number, after: last?.1 ?? beginning)
        try database.run(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(number), .integer(event.time), .text(event.level.rawValue),
                .text(event.kind.rawValue), .text(event.key.description), .text(event.user),
                .text(event.subject), .text(event.status?.rawValue), .text(event.language),
                .text(event.policy), .text(event.note), .blob(hash),
            ])
    }

    /// Signs the last entry, unless it is signed already.
    static func sign(_ database: Database, with key: SigningKey, time: Int64) throws(StorageFailure) {
        let last = try database.first(
            "SELECT number, hash FROM audit WHERE number > (SELECT coalesce(max(number), 0) FROM heads) "
                + "ORDER BY number DESC LIMIT 1"
        ) { ($0.integer(0) ?? 0, $0.blob(1) ?? []) }
        guard let (number, hash) = last else { return }
        let signature = key.sign(message(number: number, hash: hash, time: time))
        try database.run(
            "INSERT INTO heads VALUES (?, ?, ?, ?, ?)",
            [.integer(number), .integer(time), .blob(hash), .blob(signature), .blob(key.publicKey)])
    }

    /// Reads the whole chain and its heads.
    ///
    /// `signer`: The public key that heads must be signed by; nil takes whichever stands with the first.
    static func verify(
        _ database: Database, signer: [UInt8]?
    ) throws(StorageFailure) -> AuditVerdict {
        var heads = try database.all(
            "SELECT number, time, hash, signature, signer FROM heads ORDER BY number"
        ) {
            Head($0)
        }[...]
        let count = heads.count
        let signer = signer ?? heads.first?.signer ?? []
        var number: Int64 = 0
        var previous = beginning
        var broken: AuditVerdict?
        try database.each("SELECT \(columns) FROM audit ORDER BY number") { row in
            guard broken == nil else { return }
            number += 1
            broken = check(row, number, &previous)
            while broken == nil, let head = heads.first, head.number == number {
                broken = head.check(hash: previous, signer: signer)
                heads.removeFirst()
            }
        }
        if let broken { return broken }
        if let head = heads.first {
            return .broken(at: number + 1, why: "entries up to \(head.number) were signed and are missing")
        }
        return .intact(entries: number, heads: count)
    }

    private static func check(_ row: Row, _ number: Int64, _ previous: inout [UInt8]) -> AuditVerdict? {
        guard row.integer(0) == number else { return .broken(at: number, why: "the entry is missing") }
        guard let event = event(row) else { return .broken(at: number, why: "the entry cannot be read") }
        let hash = hash(event, number: number, after: previous)
        guard row.blob(11) == hash else {
            return .broken(at: number, why: "the entry is not what was written")
        }
        previous = hash
        return nil
    }

    static let columns =
        "number, time, level, kind, key, user, subject, status, language, policy, note, hash"

    static func event(_ row: Row) -> AuditEvent? {
        guard let time = row.integer(1), let level = row.text(2).flatMap(AuditEvent.Level.init(rawValue:)),
            let kind = row.text(3).flatMap(AuditEvent.Kind.init(rawValue:)), let key = row.text(4)
        else { return nil }
        var event = AuditEvent(kind, level: level, key: KeyID(key), time: time)
        event.user = row.text(5)
        event.subject = row.text(6)
        if let status = row.text(7) {
            guard let known = RunStatus(rawValue: status) else { return nil }
            event.status = known
        }
        event.language = row.text(8)
        event.policy = row.text(9)
        event.note = row.text(10)
        return event
    }

    private struct Head {
        var number: Int64
        var time: Int64
        var hash: [UInt8]
        var signature: [UInt8]
        var signer: [UInt8]

        init(_ row: Row) {
            number = row.integer(0) ?? 0
            time = row.integer(1) ?? 0
            hash = row.blob(2) ?? []
            signature = row.blob(3) ?? []
            signer = row.blob(4) ?? []
        }

        func check(hash: [UInt8], signer: [UInt8]) -> AuditVerdict? {
            guard self.hash == hash else {
                return .broken(at: number, why: "the entry is not the one that was signed")
            }
            guard self.signer == signer else {
                return .broken(at: number, why: "the entry is signed by another key")
            }
            let message = AuditChain.message(number: number, hash: hash, time: time)
            guard SigningKey.isValid(signature, of: message, by: signer) else {
                return .broken(at: number, why: "the signature is not valid")
            }
            return nil
        }
    }
}
