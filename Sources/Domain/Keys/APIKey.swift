/// What a key lets its holder do.
package enum KeyScope: String, Hashable, Sendable, CaseIterable {
    /// Submit runs, make environments, and see what this key has made.
    case run
    /// See what this key has made, and nothing else; `run` has this in it.
    case read
    /// Read metrics and statistics.
    case metrics
    /// Everything, of every key: keys, audit, all runs.
    case admin
}

/// What a key may use; nil is the server's own bound.
package struct KeyAllowance: Hashable, Sendable {
    /// Requests that begin a run: so many in `per`, in a burst at most as many.
    package struct Rate: Hashable, Sendable {
        package var count: Int
        package var per: Duration

        package init(count: Int, per: Duration) {
            self.count = count
            self.per = per
        }
    }

    package var rate: Rate?
    /// Runs at a time; more wait in the queue.
    package var concurrency: Int?
    /// CPU time of all runs of a day, which begins at midnight UTC.
    package var dailyCPU: Duration?
    package var memory: ByteCount?
    package var wall: Duration?
    package var allowsNetwork = true
    /// Ids of language packs; nil for all.
    package var languages: [String]?
    /// The share of the machine beside other keys that want it; 1 to 100.
    package var weight = 1

    package init() {}
}

/// A key as it is kept: its secret only as a hash.
package struct APIKey: Hashable, Sendable {
    package var id: KeyID
    package var name: String
    /// Whose it is, in the audit log's views; several keys may be one user's.
    package var user: String?
    package var scopes: Set<KeyScope>
    package var allowance: KeyAllowance
    /// What stands before the secret's hidden part, so that its holder can tell it from others.
    package var prefix: String
    /// Nanoseconds since 1970, like all times of records.
    package var created: Int64
    package var expires: Int64?
    package var revoked: Int64?

    package init(
        id: KeyID, name: String, scopes: Set<KeyScope>, allowance: KeyAllowance, prefix: String,
        created: Int64
    ) {
        self.id = id
        self.name = name
        self.scopes = scopes
        self.allowance = allowance
        self.prefix = prefix
        self.created = created
    }

    package func isValid(at time: Int64) -> Bool {
        revoked == nil && expires.map { time < $0 } ?? true
    }
}

/// Who a request is from, after its key was looked at.
package struct Principal: Hashable, Sendable {
    package var key: KeyID
    package var user: String?
    package var scopes: Set<KeyScope>
    package var allowance: KeyAllowance

    package init(key: KeyID, user: String? = nil, scopes: Set<KeyScope>, allowance: KeyAllowance) {
        self.key = key
        self.user = user
        self.scopes = scopes
        self.allowance = allowance
    }

    package init(_ key: APIKey) {
        self.init(key: key.id, user: key.user, scopes: key.scopes, allowance: key.allowance)
    }

    /// The machine's own user, on the unix socket or where no key is configured.
    package static let local = Principal(
        key: .local, scopes: Set(KeyScope.allCases), allowance: KeyAllowance())

    package func may(_ scope: KeyScope) -> Bool {
        scopes.contains(scope) || scopes.contains(.admin) || (scope == .read && scopes.contains(.run))
    }
}
