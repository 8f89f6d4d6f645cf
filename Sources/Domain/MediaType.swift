/// Media types guessed from a file's name, never from its content.
package enum MediaType {
    package static func guess(_ path: WorkspacePath) -> String {
        let name = path.names.last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return table[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }

    private static let table = [
        "bmp": "image/bmp", "csv": "text/csv", "gif": "image/gif", "gz": "application/gzip",
        "htm": "text/html",
        "html": "text/html", "jpeg": "image/jpeg", "jpg": "image/jpeg", "js": "text/javascript",
        "json": "application/json", "jsonl": "application/x-ndjson", "log": "text/plain",
        "md": "text/markdown",
        "mp3": "audio/mpeg", "mp4": "video/mp4", "parquet": "application/vnd.apache.parquet",
        "pdf": "application/pdf", "png": "image/png", "py": "text/x-python", "sql": "application/sql",
        "svg": "image/svg+xml", "tar": "application/x-tar", "toml": "application/toml",
        "tsv": "text/tab-separated-values",
        "txt": "text/plain", "wav": "audio/wav", "webp": "image/webp",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xml": "application/xml",
        "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip",
    ]
}
