/* What the service asks the init of a session's sandbox, over the session socket that came with the order: messages of
 * a head and at most CJAIL_REQUEST_TEXT bytes behind it, on a SEQPACKET socket. Init answers each request in turn, with
 * its number; what happens by itself comes with number 0.
 *
 * Everything here is of the session's owner; what guests do to the files meanwhile is expected. */
#ifndef CJAIL_SESSION_H
#define CJAIL_SESSION_H

#include <stdint.h>

#define CJAIL_REQUEST_TEXT 8192 /* two paths, each with its NUL */
#define CJAIL_ANSWER_TEXT 32768
#define CJAIL_MEMBERS_MAX 128
#define CJAIL_CHECKPOINTS_MAX 32

enum cjail_request_kind {
    /* Of processes. A member is a process that the service asked for: a context or a command. */
    CJAIL_ASK_START = 1,  /* value: the member's number; flags; descriptors: bundle, stdin, stdout, stderr. Answer: its pid */
    CJAIL_ASK_SIGNAL = 2, /* value: the member's number; mode: the signal; flags: CJAIL_ASK_GROUP */
    CJAIL_ASK_RETIRE = 3, /* ends its processes and removes its files; what has branched off goes on */
    CJAIL_ASK_PAUSE = 4,
    CJAIL_ASK_RESUME = 5,
    /* Of files. Paths are absolute, or within the home folder. */
    CJAIL_ASK_OPEN = 16,   /* answer: state, and a descriptor to read by; of folders without */
    CJAIL_ASK_CREATE = 17, /* mode; flags: CJAIL_ASK_NEW, CJAIL_ASK_APPEND; makes missing folders. Answer: a descriptor to write by */
    CJAIL_ASK_STATE = 18,  /* flags: CJAIL_ASK_LINK */
    CJAIL_ASK_LIST = 19,   /* answers: entries, MORE of them until the last */
    CJAIL_ASK_FOLDER = 20, /* makes missing folders. -EEXIST where it is there */
    CJAIL_ASK_MOVE = 21,   /* two paths */
    CJAIL_ASK_REMOVE = 22, /* with everything in it */
    CJAIL_ASK_WATCH = 23,  /* answer: an inotify descriptor */
    CJAIL_ASK_SPACE = 24,  /* answer: size: bytes in use; value: all bytes */
    /* Of the whole session's state. */
    CJAIL_ASK_CHECKPOINT = 32, /* value: its number; flags: CJAIL_ASK_DROP. Answer: size: of its files; text: what is in the way */
    CJAIL_ASK_ROLLBACK = 33,   /* value: its number. Then a CONTEXT for each that it holds */
    CJAIL_ASK_FORGET = 34,     /* value: its number */
    CJAIL_ASK_BRANCH = 36,     /* value: its number: sandboxes that branch off from now on are copies of it */
    CJAIL_ASK_REVIVE = 35,     /* after ROLLBACK: value: the member's number; descriptors: stdin, stdout, stderr */
};

enum cjail_request_flag {
    CJAIL_ASK_GROUP = 1,    /* the member's whole process group */
    CJAIL_ASK_NEW = 2,      /* refuse where something is there already */
    CJAIL_ASK_APPEND = 4,
    CJAIL_ASK_LINK = 8,     /* of the link itself */
    CJAIL_ASK_JOINED = 16,  /* the member comes from an interpreter host */
    CJAIL_ASK_TERMINAL = 32, /* stdin is to be the member's controlling terminal */
    CJAIL_ASK_DROP = 64,
    CJAIL_ASK_NO_FILES = 128, /* CHECKPOINT: what branches off from it begins with the files as they are then */
};

struct cjail_request {
    uint32_t kind, number, flags, mode;
    uint64_t value;
    uint32_t first, second; /* bytes of the paths that follow, without their NULs */
};
_Static_assert(sizeof(struct cjail_request) == 32, "requests have one head on both sides");

enum cjail_answer_kind {
    CJAIL_TELL_ANSWER = 1,
    CJAIL_TELL_MORE = 2,  /* another answer to the same request follows */
    CJAIL_TELL_ENDED = 3, /* value: a member's number; mode: its wait status */
};

/* The kind of a file as clients are told. */
enum cjail_file_kind { CJAIL_FILE_OTHER = 0, CJAIL_FILE_REGULAR = 1, CJAIL_FILE_FOLDER = 2, CJAIL_FILE_LINK = 3 };

struct cjail_answer {
    uint32_t kind, number;
    int32_t error; /* 0 or an errno */
    uint32_t mode;
    uint64_t value, size;
    int64_t modified_ns;
    uint32_t file_kind; /* enum cjail_file_kind */
    uint32_t text;      /* bytes behind the head */
};
_Static_assert(sizeof(struct cjail_answer) == 48, "answers have one head on both sides");

/* One entry of a listing; its name follows, then where a link leads; rounded up to eight bytes. */
struct cjail_entry {
    uint64_t size;
    int64_t modified_ns;
    uint32_t mode;
    uint16_t file_kind, name;
    uint32_t target, reserved;
};
_Static_assert(sizeof(struct cjail_entry) == 32, "entries have one head on both sides");

#endif
