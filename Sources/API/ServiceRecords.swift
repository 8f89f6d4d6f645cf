package import Domain

/// What of the service's store there is; a service may run without any of it.
package struct ServiceRecords: Sendable {
    package var keys: (any KeyStore)?
    package var history: (any RunHistory)?
    package var audit: (any AuditLog)?
    package var results: (any ResultCache)?
    package var webhooks: Webhooks?
    /// What is wrong with the store just now, in words; nil where all is well.
    package var trouble: (@Sendable () -> String?)?

    package init() {}
}
