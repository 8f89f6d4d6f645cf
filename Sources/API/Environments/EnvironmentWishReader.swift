package import Domain
internal import JSON

/// `{"language"?, "libraries", "build"?}`: what `POST /v1/environments` takes.
package enum EnvironmentWishReader {
    static let fields = ["language", "libraries", "build"]

    package static func decode(_ body: [UInt8]) throws(RequestError) -> EnvironmentWish {
        guard body.count <= 1 << 20 else {
            throw RequestError(
                .tooLarge, "the body is larger than 1 MiB; name at most \(Requirement.most) libraries")
        }
        let reader = try ObjectReader(try JSONParser.parse(body), path: "", known: fields)
        let libraries = try LibraryReader.read(reader)
        guard !libraries.isEmpty else {
            throw RequestError(
                .invalidValue, "libraries: missing; name at least one, as in [\"numpy\"]", field: "libraries")
        }
        return EnvironmentWish(
            language: try reader.string("language"), libraries: libraries, builds: try reader.bool("build"))
    }
}
