internal import CJail
internal import Domain

/// Entries of a folder, as a session's init packs them; names are guests' words.
enum DirectoryEntries {
    static func kind(_ number: UInt32) -> FileState.Kind {
        switch number {
        case UInt32(CJAIL_FILE_REGULAR.rawValue): .file
        case UInt32(CJAIL_FILE_FOLDER.rawValue): .folder
        case UInt32(CJAIL_FILE_LINK.rawValue): .link
        default: .other
        }
    }

    static func read(_ bytes: [UInt8], in folder: String) -> [FileState] {
        let size = MemoryLayout<cjail_entry>.size
        var entries: [FileState] = []
        var place = 0
        while bytes.count - place >= size {
            let head = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: cjail_entry.self) }
            let name = place + size, target = name + Int(head.name), end = target + Int(head.target)
            guard end <= bytes.count, head.name > 0 else { break }
            let text = String(decoding: bytes[name..<target], as: UTF8.self)
            var state = FileState(
                name: text, path: folder.hasSuffix("/") ? folder + text : "\(folder)/\(text)",
                kind: kind(UInt32(head.file_kind)), size: Int(clamping: head.size), mode: head.mode,
                modified: head.modified_ns)
            if head.target > 0 { state.target = String(decoding: bytes[target..<end], as: UTF8.self) }
            entries.append(state)
            place = (end + 7) & ~7
        }
        return entries
    }
}
