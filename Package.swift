// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors everywhere; imports say their reach (docs/design/0001-layers.md).
let swift: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let c: [CSetting] = [
    .enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error),
    .define("_GNU_SOURCE"),
]
// What ThreadSanitizer is linked to can't be static (scripts/sanitize.sh).
let isSanitized = Context.environment["DIATOM_SANITIZED"] != nil
// One file, no loader, one millisecond to start (docs/design/0002-executables.md).
let wholeStatic: [LinkerSetting] =
    isSanitized
    ? []
    : [
        .unsafeFlags(["-static-executable", "-l_FoundationCShims", "-l_FoundationCollections"])
    ]
let jailerStatic: [LinkerSetting] =
    isSanitized ? [] : [.unsafeFlags(["-static-executable"])]
let serviceStatic: [LinkerSetting] =
    isSanitized
    ? []
    : [
        .unsafeFlags(["-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections"])
    ]

let package = Package(
    name: "diatom",
    products: [
        .executable(name: "diatom", targets: ["diatom"]),
        .executable(name: "diatom-service", targets: ["diatom-service"]),
        .executable(name: "diatom-jailer", targets: ["diatom-jailer"]),
        .executable(name: "diatom-courier", targets: ["diatom-courier"]),
    ],
    targets: [
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp"),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd"),
        .systemLibrary(name: "CNettle", pkgConfig: "nettle"),
        .systemLibrary(name: "CSQLite"),
        .systemLibrary(name: "CCrypto"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl"),
        .systemLibrary(name: "CEdit", pkgConfig: "libedit"),
        .systemLibrary(name: "CLinux"),
        .target(name: "CJail", cSettings: c),
        .target(name: "CAssets", cSettings: c),
        .target(
            name: "CTOML", cxxSettings: [.enableWarning("all"), .treatAllWarnings(as: .error)]),
        .target(name: "Domain", swiftSettings: swift),
        .target(name: "Digest", dependencies: ["CNettle", "Domain"], swiftSettings: swift),
        .target(name: "JSON", dependencies: ["Domain"], swiftSettings: swift),
        .target(name: "Telemetry", dependencies: ["Domain", "JSON", "Posix"], swiftSettings: swift),
        .target(name: "Posix", dependencies: ["CJail", "CLinux"], swiftSettings: swift),
        .target(name: "Wire", dependencies: ["CJail", "Domain", "Posix"], swiftSettings: swift),
        .target(
            name: "Languages", dependencies: ["CAssets", "Domain", "JSON", "Posix"], swiftSettings: swift),
        .target(
            name: "Jail",
            dependencies: ["CAssets", "CJail", "CSeccomp", "Digest", "Domain", "Posix", "Wire"],
            swiftSettings: swift),
        .target(
            name: "Egress", dependencies: ["CJail", "CLinux", "Domain", "Posix", "Wire"],
            swiftSettings: swift),
        .target(
            name: "Configuration", dependencies: ["CTOML", "JSON", "Posix"], swiftSettings: swift),
        .target(
            name: "Delivery", dependencies: ["Digest", "Domain", "Egress", "JSON", "Posix", "Telemetry"],
            swiftSettings: swift),
        .target(
            name: "Workers",
            dependencies: ["CJail", "CSeccomp", "Domain", "Egress", "Posix", "Telemetry", "Wire"],
            swiftSettings: swift),
        .target(
            name: "Engine",
            dependencies: [
                "CAssets", "Domain", "Egress", "JSON", "Languages", "Posix", "Storage", "Telemetry",
                "Workers",
            ],
            swiftSettings: swift),
        .target(
            name: "Storage", dependencies: ["CLinux", "Digest", "Domain", "Posix"],
            swiftSettings: swift),
        .target(
            name: "Records", dependencies: ["CCrypto", "CSQLite", "Domain", "JSON", "Posix"],
            swiftSettings: swift),
        .target(
            name: "API",
            dependencies: ["CAssets", "Digest", "Domain", "JSON", "Languages", "Telemetry"],
            swiftSettings: swift),
        .target(
            name: "Service",
            dependencies: ["API", "CMicroHTTPD", "CZlib", "Domain", "JSON", "Posix", "Telemetry"],
            swiftSettings: swift),
        .target(
            name: "Commands",
            dependencies: [
                "API", "CEdit", "CJail", "Domain", "Engine", "JSON", "Languages", "Posix", "Telemetry",
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "diatom", dependencies: ["Commands", "Domain", "Engine", "Languages", "Posix"],
            swiftSettings: swift, linkerSettings: wholeStatic),
        .executableTarget(
            name: "diatom-service",
            dependencies: [
                "API", "CJail", "Configuration", "Delivery", "Domain", "Egress", "Engine", "JSON",
                "Languages",
                "Posix", "Records", "Service", "Storage", "Telemetry",
            ], swiftSettings: swift,
            linkerSettings: serviceStatic),
        .executableTarget(
            name: "diatom-courier", dependencies: ["CCurl", "Posix"], swiftSettings: swift,
            linkerSettings: serviceStatic),
        .executableTarget(
            name: "diatom-jailer", dependencies: ["Jail"], swiftSettings: swift, linkerSettings: jailerStatic),
        .testTarget(
            name: "LanguagesTests", dependencies: ["Domain", "JSON", "Languages"], swiftSettings: swift),
        .testTarget(
            name: "CommandsTests", dependencies: ["API", "Commands", "Domain", "JSON", "Languages", "Posix"],
            swiftSettings: swift),
        .testTarget(
            name: "APITests", dependencies: ["API", "Digest", "Domain", "JSON", "Storage", "Telemetry"],
            swiftSettings: swift),
        .testTarget(
            name: "StorageTests", dependencies: ["Domain", "Posix", "Storage"], swiftSettings: swift),
        .testTarget(
            name: "RecordsTests", dependencies: ["CSQLite", "Domain", "Posix", "Records"],
            swiftSettings: swift),
        .testTarget(
            name: "ServiceTests",
            dependencies: ["API", "Domain", "Posix", "Service", "Storage", "Telemetry"], swiftSettings: swift),
        .testTarget(
            name: "JailTests", dependencies: ["CJail", "CSeccomp", "Jail", "Posix"], swiftSettings: swift),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"], swiftSettings: swift),
        .testTarget(
            name: "DeliveryTests",
            dependencies: ["Delivery", "Domain", "Egress", "JSON", "Posix", "Telemetry"],
            swiftSettings: swift),
        .testTarget(name: "EgressTests", dependencies: ["Domain", "Egress", "Posix"], swiftSettings: swift),
        .testTarget(name: "WorkersTests", dependencies: ["Domain", "Workers"], swiftSettings: swift),
        .testTarget(
            name: "WireTests", dependencies: ["CJail", "Domain", "Posix", "Wire"], swiftSettings: swift),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "CJail", "Domain", "Egress", "Engine", "JSON", "Languages", "Posix", "Storage", "Workers",
            ],
            swiftSettings: swift),
    ],
    cLanguageStandard: .c17,
    cxxLanguageStandard: .cxx17
)
