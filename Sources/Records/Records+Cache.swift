internal import Domain

/// A store that fails caches nothing, and fails nothing.
extension Records: ResultCache {
    package func result(at address: String) async -> [UInt8]? {
        let now = WallClock.now()
        let found = try? await reader.read { database throws(StorageFailure) in
            try database.first(
                "SELECT body FROM cache WHERE address = ? AND expires > ?", [.text(address), .integer(now)]
            ) { $0.blob(0) }
        }
        guard let body = found ?? nil ?? nil else { return nil }
        _ = try? await writer.write { database throws(StorageFailure) in
            try database.run(
                "UPDATE cache SET used = ? WHERE address = ?", [.integer(now), .text(address)])
        }
        return body
    }

    package func keep(_ result: [UInt8], at address: String, for lifetime: Duration) async {
        guard result.count <= settings.mostCacheBytes.bytes / 8 else { return }
        let now = WallClock.now()
        let most = settings.mostCacheBytes.bytes
        _ = try? await writer.write { database throws(StorageFailure) in
            try database.run(
                "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)",
                [
                    .text(address), .blob(result), .integer(result.count),
                    .integer(now + lifetime.inNanoseconds), .integer(now),
                ])
        }
        let total = cachedBytes.withLock { bytes in
            bytes += result.count
            return bytes
        }
        if total > most { await shrinkCache(to: most) }
    }

    /// Removes what has expired, and then what was used longest ago.
    private func shrinkCache(to most: Int) async {
        let now = WallClock.now()
        _ = try? await writer.write { database throws(StorageFailure) in
            try database.run("DELETE FROM cache WHERE expires <= ?", [.integer(now)])
            var bytes = Int(try database.number("SELECT coalesce(sum(bytes), 0) FROM cache"))
            guard bytes > most else { return }
            let oldest = try database.all("SELECT address, bytes FROM cache ORDER BY used") {
                ($0.text(0) ?? "", $0.int(1) ?? 0)
            }
            for (address, size) in oldest {
                // Some room to spare, so that not every result makes room for itself alone.
                guard bytes > most / 10 * 9 else { break }
                try database.run("DELETE FROM cache WHERE address = ?", [.text(address)])
                bytes -= size
            }
        }
        let bytes = try? await reader.read { database throws(StorageFailure) in
            Int(try database.number("SELECT coalesce(sum(bytes), 0) FROM cache"))
        }
        if let bytes { cachedBytes.withLock { $0 = bytes } }
    }
}
