internal import CJail
internal import Domain
internal import Glibc

/// The kinds of requests to a session's init that the engine makes.
enum SessionRequestKind {
    static let pause = UInt32(CJAIL_ASK_PAUSE.rawValue)
    static let resume = UInt32(CJAIL_ASK_RESUME.rawValue)
    static let space = UInt32(CJAIL_ASK_SPACE.rawValue)
    static let open = UInt32(CJAIL_ASK_OPEN.rawValue)
    static let create = UInt32(CJAIL_ASK_CREATE.rawValue)
    static let state = UInt32(CJAIL_ASK_STATE.rawValue)
    static let list = UInt32(CJAIL_ASK_LIST.rawValue)
    static let folder = UInt32(CJAIL_ASK_FOLDER.rawValue)
    static let move = UInt32(CJAIL_ASK_MOVE.rawValue)
    static let remove = UInt32(CJAIL_ASK_REMOVE.rawValue)
    static let watch = UInt32(CJAIL_ASK_WATCH.rawValue)
    /// STATE: of a link itself.
    static let ofLink = UInt32(CJAIL_ASK_LINK.rawValue)
}

/// What an errno of a session's init means to a client.
enum SessionProblem {
    static func error(_ code: Int32, what: String, path: String) -> RequestError {
        let name = path.isEmpty ? what : "\(what): '\(path.prefix(256))'"
        switch code {
        case ENOENT: return RequestError(.notFound, "\(name): there is no such file or folder")
        case EEXIST: return RequestError(.conflict, "\(name): is there already")
        case ENOTDIR: return RequestError(.conflict, "\(name): something in this path is no folder")
        case EISDIR: return RequestError(.conflict, "\(name): is a folder")
        case ENOTEMPTY: return RequestError(.conflict, "\(name): is a folder that is not empty")
        case ENXIO: return RequestError(.conflict, "\(name): is no regular file and no folder")
        case ENAMETOOLONG: return RequestError(.invalidValue, "\(name): the path is too long")
        case EINVAL: return RequestError(.invalidValue, "\(name): is not a path that this can be done to")
        case ELOOP:
            return RequestError(.conflict, "\(name): links in a circle, or folders more than 128 deep")
        case ENOSPC, EDQUOT:
            return RequestError(.conflict, "\(name): the session's disk is full (disk_mb, files)")
        case EROFS, EACCES, EPERM:
            return RequestError(.forbidden, "\(name): only /home/user, /tmp and /dev/shm can be written")
        case EBUSY: return RequestError(.conflict, "\(name): is in use")
        case ENOMEM: return RequestError(.conflict, "\(name): the session's memory is used up (memory_mb)")
        case EAGAIN: return RequestError(.conflict, "\(name): there are as many as there may be")
        case ESRCH: return RequestError(.notFound, "\(name): there is no such process")
        case EOWNERDEAD:
            return RequestError(
                .conflict, "\(name): is of no use any more: a process of the session has ended it")
        case ETIMEDOUT: return RequestError(.conflict, "\(name): a context does not answer")
        case ECONNRESET: return RequestError(.conflict, "session: is over")
        default: return RequestError(.conflict, "\(name): \(String(cString: strerror(code)))")
        }
    }
}
