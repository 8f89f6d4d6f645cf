internal import Engine
internal import Glibc
internal import JSON
internal import Languages
internal import Posix

/// What lies beside this program, what languages are installed, and whether a service runs.
enum ToolFindings {
    static func tools(folder: String?) -> [Finding] {
        guard let folder else {
            return [
                Finding(.tools, "folder", .unknown, "/proc/self/exe does not tell where this program lies")
            ]
        }
        let parts = [
            ("diatom-jailer", "makes sandboxes", "make build", X_OK),
            ("diatom-service", "is what 'diatom serve' starts", "make build", X_OK),
            ("libcjail.so", "is what warm interpreters load", "make build", R_OK),
        ]
        return parts.map { name, purpose, mend, mode in
            let isThere = access("\(folder)/\(name)", mode) == 0
            return Finding(
                .tools, name, isThere ? .inForce : .missing,
                isThere ? "beside this program; it \(purpose)" : "not in \(folder); it \(purpose)",
                mend: isThere ? nil : mend)
        }
    }

    static func runtimes(_ catalogue: LanguageCatalogue) -> [Finding] {
        let (versions, _, isComplete) = Versions.ask((try? catalogue.all()) ?? [])
        let rows = ((try? catalogue.all()) ?? []).map { pack in
            do throws(LanguagePack.Missing) {
                let programs = try pack.locatePrograms().values.sorted().joined(separator: " ")
                let version =
                    versions[pack.id] ?? (isComplete ? "of unknown version" : "did not answer")
                let state: Finding.State =
                    versions[pack.id] != nil || pack.version == nil ? .inForce : .limited
                let words = pack.version == nil ? programs : "\(programs) \(version)"
                return Finding(
                    .runtimes, pack.id, state, words + (pack.host == nil ? "" : ", can start warm"))
            } catch {
                return Finding(
                    .runtimes, pack.id, .missing, "needs \(error.programs.joined(separator: ", "))",
                    mend: error.install)
            }
        }
        return rows + [libraries, contexts]
    }

    /// What makes environments of libraries.
    private static var libraries: Finding {
        let isThere = access("/opt/diatom/uv/bin/uv", X_OK) == 0
        return Finding(
            .runtimes, "uv", isThere ? .inForce : .missing,
            isThere
                ? "/opt/diatom/uv/bin/uv, makes environments of Python libraries"
                : "needs uv, without which runs that ask for libraries are refused",
            mend: isThere ? nil : "make uv")
    }

    /// What Python contexts of sessions are made of; looked for where Debian puts it.
    private static var contexts: Finding {
        let isThere = access("/usr/lib/python3/dist-packages/IPython/__init__.py", R_OK) == 0
        return Finding(
            .runtimes, "ipython", isThere ? .inForce : .missing,
            isThere
                ? "/usr/lib/python3/dist-packages/IPython, Python contexts of sessions"
                : "needs IPython, without which sessions have no Python contexts",
            mend: isThere ? nil : "apt-get install python3-ipython")
    }

    static func service(socket: String) -> Finding {
        guard let client = BlockingClient(path: socket, patience: 5) else {
            let why = access(socket, F_OK) == 0 ? "a socket is there, but \(Self.reason())" : "nothing at"
            return Finding(
                .service, "service", .missing, "not running: \(why) \(socket)", mend: "diatom serve")
        }
        guard let answer = try? client.exchange(BlockingClient.get("/v1/version")), answer.status == 200,
            let document = try? JSONParser.parse(answer.body), case .object(let whole) = document,
            case .string(let version) = whole["version"]
        else {
            return Finding(
                .service, "service", .missing, "listens at \(socket), but does not answer within 5 s",
                mend: "end it and start it again: diatom serve")
        }
        let isOurs = version == ProductVersion.current
        return Finding(
            .service, "service", isOurs ? .inForce : .limited, "version \(version) answers at \(socket)",
            mend: isOurs ? nil : "start it again: this program is version \(ProductVersion.current)")
    }

    private static func reason() -> String {
        errno == EACCES ? "it is not ours to use:" : "nobody listens at"
    }
}
