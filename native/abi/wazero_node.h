/*
 * The contract between the two languages. native/addon (C++) and native/go include it; nothing else crosses.
 *
 * Handles are numbers below 2^53 (kind | generation | index), made by Go, 0 = none. A stale one or one of the wrong kind is an
 * error (WZ_ERROR, code ERR_WAZERO_CLOSED or ERR_WAZERO_INVALID_ARGUMENT), never a crash.
 * Memory: what C++ passes in lives for the length of the call only (Go copies what it keeps). What Go hands out in wz_result.text was
 * allocated by C malloc and is freed by the receiver through wz_free. No Go pointer crosses.
 * Threads: every export may be called on the JS thread of its environment; none waits for a guest, except those with a sync frame.
 * Go never calls `upcall` or `alive` but on the JS thread of that environment, inside an export that this thread made (sync frame).
 * `post` is called on any thread. No panic and no exception crosses: Go recovers, C++ catches.
 */
#ifndef WAZERO_NODE_H
#define WAZERO_NODE_H
#include <stddef.h>
#include <stdint.h>

#define WZ_ABI_VERSION 9u

typedef uint64_t wz_handle;
typedef struct { const char *ptr; size_t len; } wz_str;
typedef struct { const wz_str *items; size_t count; } wz_list;

/* ---- configuration: flat structs, one field per row of config_fields.def; all zero = wazero's defaults ---- */
typedef struct wz_mount wz_mount;
typedef struct wz_import wz_import;
typedef struct { const wz_mount *items; size_t count; } wz_mounts;
typedef struct { const wz_import *items; size_t count; } wz_imports;
#define WZ_C_BOOL uint8_t
#define WZ_C_U32 uint32_t
#define WZ_C_U64 uint64_t
#define WZ_C_I32 int32_t
#define WZ_C_STR wz_str
#define WZ_C_LIST wz_list
#define WZ_C_ID uint64_t
#define WZ_C_MOUNTS wz_mounts
#define WZ_C_IMPORTS wz_imports
#define WZ_STRUCT_FIELD(kind, field, js, upstream) WZ_C_##kind field;
typedef struct {
#define WZ_RUNTIME_ROW WZ_STRUCT_FIELD
#include "config_fields.def"
#undef WZ_RUNTIME_ROW
} wz_runtime_config;
typedef struct {
#define WZ_MODULE_ROW WZ_STRUCT_FIELD
#include "config_fields.def"
#undef WZ_MODULE_ROW
} wz_module_config;
struct wz_mount {
#define WZ_MOUNT_ROW WZ_STRUCT_FIELD
#include "config_fields.def"
#undef WZ_MOUNT_ROW
};
struct wz_import {
#define WZ_IMPORT_ROW WZ_STRUCT_FIELD
#include "config_fields.def"
#undef WZ_IMPORT_ROW
};

/* What finds accesses beyond a memory: withGuardPages, and why it is not guard pages */
enum { WZ_GUARD_PAGES_AUTO = 0, WZ_GUARD_PAGES_ALWAYS = 1, WZ_GUARD_PAGES_NEVER = 2 };
enum {
  WZ_GUARD_ON = 0,       /* guard pages */
  WZ_GUARD_OFF = 1,      /* withGuardPages(false), WAZERO_NODE_GUARD_PAGES=0, or the interpreter */
  WZ_GUARD_PLATFORM = 2, /* this package has none here */
  WZ_GUARD_LIMITED = 3,  /* the process has a limit of address space, or the system counts what is reserved */
  WZ_GUARD_SYSTEM = 4,   /* the system does not report a fault as Linux does */
  WZ_GUARD_HANDLER = 5,  /* somebody has set a handler of SIGSEGV since */
  WZ_GUARD_BLOCKED = 6,  /* SIGSEGV is blocked on this thread */
  WZ_GUARD_USED_UP = 7   /* no range is left */
};
enum { WZ_ENGINE_AUTO = 0, WZ_ENGINE_COMPILER = 1, WZ_ENGINE_INTERPRETER = 2 };
enum { WZ_SINK_DISCARD = 0, WZ_SINK_FD = 1 /* 'inherit' is fd 1 or 2 */, WZ_SINK_BUFFER = 2, WZ_SINK_CALLBACK = 3 };
enum { WZ_SOURCE_EOF = 0, WZ_SOURCE_FD = 1 /* 'inherit' is fd 0 */, WZ_SOURCE_BYTES = 2, WZ_SOURCE_CALLBACK = 3 };
enum { WZ_CLOCK_FAKE = 0, WZ_CLOCK_SYSTEM = 1, WZ_CLOCK_CALLBACK = 2 };
enum { WZ_RAND_DETERMINISTIC = 0, WZ_RAND_SECURE = 1, WZ_RAND_BYTES = 2, WZ_RAND_CALLBACK = 3 };
enum { WZ_MOUNT_DIR = 1, WZ_MOUNT_READ_ONLY_DIR = 2, WZ_MOUNT_FS = 3 /* read only, JS */, WZ_MOUNT_SYS_FS = 4 /* JS */ };

/* ---- results ---- */
enum { WZ_OK = 0, WZ_ERROR = 1 };
typedef struct {
  uint32_t status;      /* WZ_OK, or WZ_ERROR: then text is the error as JSON, see "errors" below */
  uint64_t value;       /* a handle, mostly */
  char *text;           /* or NULL; freed by wz_free */
  size_t text_len;
} wz_result;
/*
 * Errors are JSON: {"code":"ERR_WAZERO_...", "message":"...", "exitCode":n, "reason":"exit|close|timeout|abort|cpu", "kind":"unreachable...",
 *  "frames":[{"function":"..","source":".."}], "limit":"...", "host":true (the JS error parked in the frame is the cause),
 *  "cost":{"ranMs":n,"waitedMs":n,"memoryBytes":n} (of ERR_WAZERO_EXIT), "closed":[module handles of the link group that the call found closed]}
 */

/* ---- frames: one guest entry (instantiate or call). Ids are given by JS, unique in the environment, from 1 ---- */
/* What wz_extern_new makes, and how: WZ_MADE_* are bits. */
enum { WZ_EXTERN_MEMORY = 1, WZ_EXTERN_TABLE = 2, WZ_EXTERN_GLOBAL = 3, WZ_EXTERN_TAG = 4 };
enum { WZ_MADE_HAS_MAX = 1, WZ_MADE_SHARED = 2, WZ_MADE_MUTABLE = 4 };
/* What a table answers. */
enum { WZ_TABLE_DONE = 0, WZ_TABLE_REFUSED = 1 /* out of range, or it may not grow */, WZ_TABLE_CLOSED = 2 };
enum { WZ_LANE_SYNC = 0, WZ_LANE_ASYNC = 1 };
typedef struct {
  uint64_t env;
  uint64_t frame;
  uint32_t lane;
  uint64_t parent;      /* frame id of the frame below in the same group, 0 = outermost */
  int64_t timeout_ns;   /* time left; 0 = none; negative: it is over, where C++ has begun the call */
  uint64_t fuel;        /* 0 = no limit, else one more than what the call may execute (fuel of the runtime's config) */
  uint64_t cpu_ns;      /* for which its guest may run; 0 = no limit */
  uint64_t ran_ns;      /* for which it has run, where C++ has begun the call */
} wz_frame_options;
enum { WZ_STOP_CLOSE = 1, WZ_STOP_TIMEOUT = 2, WZ_STOP_ABORT = 3, WZ_STOP_CPU = 4 /* by Go alone */ };

/* ---- messages: Go -> JS, the same in both lanes ---- */
enum {
  WZ_MSG_DONE = 1,      /* frame or request `frame` has ended: status, words = results, bytes = error JSON or payload; target = value */
  WZ_MSG_HOST_CALL = 2, /* target = host function id, module = calling module, words = parameters; answer with result_count words */
  WZ_MSG_WRITE = 3,     /* target = sink callback id, bytes = chunk; answer: words[0] = errno (0 = all written), words[1] = how many bytes may be
                         * ahead of the sink from now on. result_count 0: written ahead, the guest goes on, wz_frame_taken answers */
  WZ_MSG_READ = 4,      /* target = source callback id, words[0] = WZ_READ_*, words[1] = the module, result_bytes = size of the guest's buffer;
                         * answer: words[0] = how many of bytes count, words[1] = errno, or WZ_READ_LATER */
  WZ_MSG_CLOCK = 5,     /* target = clock callback id; answer: words[0] = ns */
  WZ_MSG_SLEEP = 6,     /* target, words[0] = ns */
  WZ_MSG_YIELD = 7,
  WZ_MSG_RANDOM = 8,    /* target, result_bytes; answer likewise */
  WZ_MSG_FS = 9,        /* target = JS file system, words[0] = WZ_FS_*, see there */
  WZ_MSG_LISTENER = 10, /* target = listener's callback id, words[0] = 0 before, 1 after, 2 abort, words[1] = function index, then values; bytes = error JSON of abort */
  WZ_MSG_WARNING = 11   /* bytes = text, status = WZ_WARNING_*; no answer */
};
enum { WZ_WARNING_OTHER = 0, WZ_WARNING_CACHE = 1 };
enum {
  WZ_READ_WAIT = 0,     /* the answer comes when there is something */
  WZ_READ_NOW = 1,      /* at once; with nothing there WZ_READ_LATER: the source has been asked, and wz_source_ready comes */
  WZ_READ_ASK = 2,      /* likewise, but nothing is taken */
  WZ_READ_INSIST = 3    /* nothing is taken; the answer comes when there is something */
};
#define WZ_READ_LATER UINT64_MAX
typedef struct {
  uint32_t kind, status;
  uint64_t frame, target, module;
  const uint64_t *words; uint32_t word_count;
  const uint8_t *bytes; size_t byte_count;
  uint32_t result_count; /* words expected */
  size_t result_bytes;   /* most bytes that the answer may have */
  uintptr_t tenant;      /* whose turn it takes: of the frame's module, as in wz_direct_entry */
} wz_message;

/*
 * WZ_MSG_FS. words[1] = a handle that JS gave, or how many of the bytes are the path; what follows it is a second path or data.
 * Paths are UTF-8, absolute, normalised. Answer: words[0] = errno (wazero's number; from 0x1000 on the WASI number above it),
 * words[1] = how many bytes count, then what stands here. A message with frame 0 has no answer.
 */
enum {
  WZ_FS_OPEN = 1,      /* path; flags WZ_OPEN_*, mode -> handle, 0: it is a directory; 1 + its number where that may be a file descriptor of the process, else 0 */
  WZ_FS_CLOSE = 2,     /* handle, also of a listing */
  WZ_FS_READ = 3,      /* handle; position -> bytes */
  WZ_FS_WRITE = 4,     /* handle; position, all ones: the end; data -> (words[1] = how much was written,) position after it */
  WZ_FS_FSTAT = 5,     /* handle -> mode (st_mode), nlink, size, dev, ino, atim, mtim, ctim (ns) */
  WZ_FS_STAT = 6,      /* path -> likewise */
  WZ_FS_LSTAT = 7,
  WZ_FS_LIST = 8,      /* path -> bytes: entries (1 byte: 0 file, 1 directory, 2 link, 3 other; 8 ino; 2 length; name), handle of
                        * the listing, 0: these are all; 1: there are more behind these */
  WZ_FS_NEXT = 9,      /* handle of a listing; from which entry on -> likewise */
  WZ_FS_READLINK = 10, /* path -> bytes */
  WZ_FS_TRUNCATE = 11, /* handle; size */
  WZ_FS_SYNC = 12,     /* handle; 1: the data only */
  WZ_FS_FUTIMES = 13,  /* handle; atim, mtim (ns; 2^63: leave it) */
  WZ_FS_UTIMES = 14,   /* path; likewise */
  WZ_FS_LUTIMES = 15,
  WZ_FS_MKDIR = 16,    /* path; mode */
  WZ_FS_RMDIR = 17,    /* path */
  WZ_FS_UNLINK = 18,   /* path; 1: a directory is meant */
  WZ_FS_RENAME = 19,   /* two paths; likewise */
  WZ_FS_LINK = 20,     /* two paths */
  WZ_FS_SYMLINK = 21,  /* target and path */
  WZ_FS_CHMOD = 22,    /* path; mode */
  WZ_FS_RELEASE = 23   /* frame 0: the module is closed, so are its files */
};
enum {
  WZ_OPEN_WRITE = 1, WZ_OPEN_READ_WRITE = 2, WZ_OPEN_CREATE = 4, WZ_OPEN_EXCLUSIVE = 8, WZ_OPEN_TRUNCATE = 16, WZ_OPEN_DIRECTORY = 32,
  WZ_OPEN_NO_FOLLOW = 64, WZ_OPEN_SYNC = 128, WZ_OPEN_DATA_SYNC = 256
};

enum { WZ_REPLY_NONE = 255 /* in wz_direct_continue: nobody was asked */, WZ_REPLY_OK = 0, WZ_REPLY_THREW = 1 /* parked in the frame */, WZ_REPLY_WOULD_BLOCK = 2 /* likewise */, WZ_REPLY_DEAD = 3 /* JS cannot run any more */ };
typedef struct {
  uint32_t status;
  uint64_t *words; uint32_t word_count;      /* sync upcall: capacity result_count given by Go, filled by C++; async: given by C++ */
  uint8_t *bytes; size_t byte_count;         /* sync upcall: in = capacity, out = used */
} wz_reply;

/*
 * Guard pages (edit e12guard): what the handler of SIGSEGV writes into the execution context, by offset, where a guest accessed what is not its memory's.
 */
typedef struct {
  uintptr_t exit_code, return_address, stack_pointer, frame_pointer;
  uintptr_t original_stack_pointer, original_frame_pointer, go_return_address; /* of whoever entered; the last is not on the stack on arm64 */
  uint32_t out_of_bounds;                                   /* the exit code; 0: there is no such code */
} wz_guard_exit;

typedef struct {
  uint32_t abi_version;
  uint32_t (*post)(uint64_t env, const wz_message *message);                   /* copies; 0, or 1 when the environment has gone */
  void (*upcall)(uint64_t env, const wz_message *message, wz_reply *reply);     /* sync lane */
  uint32_t (*running)(uint64_t env, uint64_t *entry);                           /* any thread: the direct call that runs since it was asked last, 0: none; returns 1: ask again */
  uint32_t (*alive)(uint64_t env);                                              /* sync lane, at a poll tick: 1, or 0 when JS was terminated */
  void (*express_over)(uint64_t call, uint32_t usable);                         /* any thread: a call that wz_express_continue took has ended; usable 0: its entry is not to be entered any more */
  uint32_t (*guard)(void);                                                      /* any thread: WZ_GUARD_*, of the handler and this thread */
  uint64_t (*now)(uint64_t env, uint64_t *which);                               /* any thread: the entry of the direct call of the environment, or (env 0) of the express call, that runs now, 0: none; and which call that is */
} wz_callbacks;

/*
 * Direct calls (edit e5): C++ enters a guest function without Go. It holds these addresses from wz_direct_open to wz_direct_close, and uses
 * them on the JS thread only; what they point to is kept alive by the handle. One call of an entry at a time.
 */
typedef struct {
  wz_handle handle, module;
  uintptr_t preamble, executable, context, module_context;
  uintptr_t closed;             /* uint64_t: not 0 once the module is closed */
  /* words of the execution context */
  uintptr_t exit_code;          /* uint32_t; low byte 0: returned, WZ_EXIT_HOST: a host function, whose index stands above; others are Go's */
  uintptr_t caller_module;      /* module_context of the function that calls a host function */
  uintptr_t stack_limit;        /* set before a call, to what lies headroom above the beginning of the stack */
  uintptr_t return_address, stack_pointer, frame_pointer; /* where to go on */
  uint32_t host_words;          /* how far above stack_pointer the words of a host function are */
  uintptr_t callee;             /* the host module: from byte 32 two words for each function, wz_direct_host by its second */
  uintptr_t host_function_type; /* the first word, where the function is one of ours */
  uint32_t words;               /* of the larger of parameters and results */
  uint32_t headroom;            /* bytes below the limit that signal handlers need */
  uint64_t stack_bytes;         /* limit of the module's stack, 0: wazero's */
  uintptr_t account;            /* wz_account */
  uintptr_t fuel, burned;       /* int64_t; 0: it does not count. What the call may still execute, set before it; the account's sum of what calls that ended here have executed, to be added to */
  uintptr_t tenant;             /* wz_tenant, or 0 */
} wz_direct_entry;
typedef struct { uint64_t id; uint32_t params, results; } wz_direct_host;
enum { WZ_EXIT_HOST = 5 };
/*
 * What an instance has used, as words: nanoseconds run, nanoseconds waited, bytes of memory, the most of these, instances, open files, running calls,
 * waiting calls, calls, failed, stopped, traps, host calls, bytes of output, of input, fuel, elements of tables, bytes of output that sinks have not taken.
 * Limits of a tenant, as the bits of doubles, NaN for none: memoryBytes, instances, tableElements, openFiles, pendingOutputBytes, concurrentCalls,
 * queuedCalls, cpuMsPerSecond, weight.
 */
enum { WZ_USAGE_WORDS = 18, WZ_TENANT_LIMITS = 9 };
/* What C++ counts of an instance, where Go sees it. No two threads write one word. */
typedef struct {
  uint64_t direct_begun, direct_ended, direct_hosts, direct_ran, direct_told;      /* calls, calls, host calls, nanoseconds, of which Go was told: the JS thread */
  uint64_t express_begun, express_ended, express_hosts, express_ran, express_told; /* whoever holds the lock of ExpressPool */
} wz_account;
/* What Go says of a tenant. */
typedef struct {
  uint64_t hold;    /* not 0: its calls go through Go, which has them wait */
  uint64_t metered; /* not 0: Go is to be told what its guests run */
} wz_tenant;
/*
 * Express calls: asynchronous ones that a thread of C++ runs in the same way. Where such a call is when Go takes it over:
 */
enum {
  WZ_AT_START = 0,    /* it has not been entered */
  WZ_AT_EXIT = 1,     /* at one of its exits; that of a host function may have been answered */
  WZ_AT_QUESTION = 2, /* at that of a host function, which JS has been asked: wz_frame_reply comes */
  WZ_AT_END = 3       /* it has returned */
};

/* ---- exports of native/go (declared again, by cgo, in the generated header; the drift check compares) ----
 * uint32_t wz_start(wz_callbacks*)                                  once per process; returns WZ_ABI_VERSION of the Go side, 0 if it refuses
 * void     wz_free(void*)
 * void     wz_env_open(uint64_t env)                                env ids are given by C++, never reused
 * void     wz_env_close(uint64_t env)                               stops its frames, closes what it owns, does not wait
 * void     wz_runtime_new(uint64_t env, wz_runtime_config*, wz_result*)                        value; text = "compiler" | "interpreter"
 * void     wz_runtime_close(wz_handle, uint32_t exit_code, wz_result*)                         when no frame of it is in flight
 * void     wz_cache_new(uint64_t env, wz_str dir, wz_str shared_name, wz_result*)
 * void     wz_cache_close(wz_handle, wz_result*)
 * void     wz_compile(uint64_t env, wz_handle runtime, const uint8_t*, size_t, uint32_t workers, int64_t timeout_ns, uint64_t request, wz_result*)
 *                                                                    request 0: sync, value = compiled module; else WZ_MSG_DONE with frame = request,
 *                                                                    target = compiled module, or, with a timeout_ns of -1, value, where that takes no time. timeout_ns: 0 = none; then ERR_WAZERO_ABORTED, reason timeout
 *                                                                    runtime: or a listener made of it, which is used up: the module is heard by it
 * void     wz_validate(wz_handle runtime, const uint8_t*, size_t, wz_result*)   what wz_compile would say of the bytes, without compiling
 * void     wz_compile_piece(wz_handle runtime, uint64_t request, uint64_t total, const uint8_t*, size_t, wz_result*)   of `total` bytes that the
 *                                                                    wz_compile of that request is to take, in place of its own
 * void     wz_compile_file(wz_handle runtime, uint64_t request, wz_str path, wz_result*)   likewise: those of a file, which that wz_compile reads
 * void     wz_compile_cancel(uint64_t env, uint64_t request, uint32_t reason)   WZ_STOP_*; its WZ_MSG_DONE comes soon, with ERR_WAZERO_ABORTED
 * uint64_t wz_compile_progress(uint64_t env, uint64_t request)      functions compiled << 32 | functions of the module; 0 = not known
 * void     wz_host_compile(uint64_t env, wz_handle runtime, wz_str json, wz_result*)            host module from its description, value = compiled module
 * void     wz_compiled_describe(wz_handle, uint32_t heard, wz_result*)   text = JSON, value = description, 0: the text is whole. heard: of the functions that
 *                                                                    a listener hears, in place of what is imported and exported
 * void     wz_description_find(wz_handle, uint32_t which, wz_str name, wz_result*)   value = 1 + the line of the exported function (which 0), global (4) or table (5), or 1 (which 1: a name
 *                                                                    of the memory); 0 if there is none
 * void     wz_description_line(wz_handle, uint32_t line, wz_result*)   text = JSON
 * void     wz_description_names(wz_handle, uint32_t which, uint32_t from, wz_result*)   text = JSON: some of them, see namesFrom
 * void     wz_description_type(wz_handle, uint32_t number, wz_result*)   text = JSON
 * void     wz_description_close(wz_handle, wz_result*)               idempotent; goes with its runtime, too
 * void     wz_compiled_section(wz_handle, uint32_t index, wz_result*)  text = the bytes of a custom section
 * void     wz_compiled_close(wz_handle, wz_result*)
 * void     wz_instantiate(wz_frame_options*, wz_handle runtime, wz_handle compiled, wz_module_config*, uint32_t close_compiled_with_module, wz_result*)
 *                                                                    value = module, at once in both lanes; async: the outcome comes by WZ_MSG_DONE.
 *                                                                    compiled: or an image, in whose state the module begins
 * void     wz_module_freeze(wz_frame_options*, wz_handle module, uint64_t out[3], wz_result*)   a frame like a call. out = image, bytes that it holds, where it waits (0: nowhere, 1: asks again, 2 + number of an imported function); async: the words
 *                                                                    of WZ_MSG_DONE
 * void     wz_module_reset(wz_frame_options*, wz_handle module, const uint64_t *targets, uint32_t count, wz_result*)   likewise, of a module made of an image.
 *                                                                    targets: of its file systems in JS pairs, the callback id that it was, that it is now
 * void     wz_image_save(uint64_t env, wz_handle image, wz_str path, uint64_t request, wz_result*)   WZ_MSG_DONE with frame = request comes
 * void     wz_image_load(uint64_t env, wz_handle compiled, wz_str path, uint64_t request, wz_result*)   likewise: target = image, bytes = JSON
 * void     wz_profile_start(uint64_t env, wz_handle target, uint64_t interval_ns, wz_result*)   of a module, a runtime or a tenant; one at a time in the process
 * void     wz_profile_stop(uint64_t env, uint64_t request, wz_result*)   WZ_MSG_DONE with frame = request comes: bytes = JSON, a .cpuprofile
 * void     wz_image_close(wz_handle)                                 idempotent; modules of it live on
 * void     wz_module_describe(wz_handle, wz_result*)                 text = JSON
 * void     wz_module_function(wz_handle, wz_str name, wz_result*)    value = function, 0 if there is none
 * void     wz_module_memory(wz_handle, wz_str name, wz_result*)      value = memory, 0 if there is none; name {NULL,0}: the module's own
 * void     wz_module_global(wz_handle, wz_str name, wz_result*)      value = global, 0 if there is none; text = JSON {type, mutable}
 * void     wz_module_close(wz_handle, uint32_t exit_code, wz_result*)
 * uint32_t wz_module_usage(wz_handle, uint64_t words[WZ_USAGE_WORDS])  0: there is no such module any more. Any time; the words: see there
 * void     wz_module_queued(wz_handle, uint32_t calls)               so many calls of it wait in JavaScript
 * uint32_t wz_module_may_queue(wz_handle)                            0: no more calls of its tenant may wait
 * void     wz_tenant_new(uint64_t env, wz_str name, uint32_t shared, const uint64_t limits[WZ_TENANT_LIMITS], wz_result*)   value = tenant; shared: the one
 *                                                                    of that name where there is one
 * void     wz_tenant_close(uint64_t env, wz_handle)                  once for each wz_tenant_new; the last one closes it
 * void     wz_tenant_limits(wz_handle, uint64_t limits[WZ_TENANT_LIMITS], uint32_t set, wz_result*)
 * uint32_t wz_tenant_usage(wz_handle, uint64_t words[WZ_USAGE_WORDS])  0: it is closed
 * void     wz_tenant_list(wz_result*)                                text = JSON [{handle, name}], of all environments
 * void     wz_module_release(wz_handle)                              the whole link group is closed and at rest: memory may be reused;
 *                                                                    or its instantiation, in the async lane, has failed
 * void     wz_call(wz_frame_options*, wz_handle function, uint64_t *words, uint32_t word_count, wz_result*)
 *                                                                    sync: results are in words; async: WZ_MSG_DONE
 * void     wz_frame_stop(uint64_t env, uint64_t frame, uint32_t reason, uint32_t exit_code)
 * uint32_t wz_frame_charge(uint64_t env, uint64_t frame, uint64_t fuel)   0: that is more than the call may still execute. Inside WZ_MSG_HOST_CALL
 * void     wz_frame_reply(uint64_t env, uint64_t frame, wz_reply*)
 * void     wz_frame_taken(uint64_t env, uint64_t frame, uint64_t target, uint32_t pieces, uint64_t bytes, uint32_t error, uint64_t ahead)
 *                                                                    of what was written ahead to a sink so much was taken; error: an errno or 0
 * void     wz_source_ready(wz_handle module)                         its stdin, of which WZ_READ_LATER was said, has something now
 * void     wz_memory_info(wz_handle, uint64_t out[4])                base, bytes, generation, flags (1 shared, 2 not ours: no external buffer, 4 closed)
 * uint32_t wz_memory_grow(wz_handle, uint32_t delta_pages)           previous pages, or 0xffffffff
 * uint32_t wz_memory_read(wz_handle, uint64_t offset, uint8_t*, size_t)    1 = done, 0 = out of range (copies; also for shared memory)
 * uint32_t wz_memory_write(wz_handle, uint64_t offset, const uint8_t*, size_t)
 * uint64_t wz_memory_pin(wz_handle)                                  an external ArrayBuffer over the present range is made: token
 * void     wz_memory_unpin(uint64_t token)                           its backing store is gone; any thread
 * void     wz_global_get(wz_handle, uint64_t out[2], wz_result*)
 * void     wz_global_set(wz_handle, const uint64_t in[2], wz_result*)
 * void     wz_global_begin(wz_handle, const uint64_t in[2], wz_result*)   also of an immutable one: before anybody has read it
 * void     wz_extern_new(wz_handle runtime, wz_handle tenant, uint32_t kind, wz_str types, uint32_t min, uint32_t max, uint32_t flags, const uint64_t words[2], wz_result*)
 *                                                                    value = module: an instance that has, as '', what the host makes. types: names with commas; min, max: pages,
 *                                                                    elements; words: what a global begins with; tenant: or 0
 * void     wz_module_join(wz_handle, wz_handle other, wz_result*)    they are one link group from now on. Both at rest, or inside a sync frame of this thread
 * void     wz_module_reference(wz_handle, uint32_t index, wz_result*)   value = the word of the reference to its function of that index
 * void     wz_module_table(wz_handle, wz_str name, wz_result*)       value = table, 0 if there is none; text = JSON {type, plain, min, max}
 * uint32_t wz_table_size(wz_handle, uint32_t *size)                  WZ_TABLE_*, as the next three; only while no guest code of the link group runs
 * uint32_t wz_table_get(wz_handle, uint32_t index, uint64_t *word)
 * uint32_t wz_table_fill(wz_handle, uint32_t index, uint32_t count, uint64_t word)   of what a reference refers to the group of the table is
 * uint32_t wz_table_grow(wz_handle, uint32_t by, uint32_t *was)      by null references
 * void     wz_function_reference(wz_handle module, uint64_t reference, wz_result*)   text = JSON of the definition, with whose function it is
 * void     wz_module_tag(wz_handle, wz_str name, wz_result*)         value = tag, 0 if there is none; text = JSON {types}
 * void     wz_exception_throw(uint64_t env, uint64_t frame, wz_handle tag, const uint64_t *words, uint32_t word_count, wz_result*)
 *                                                                    inside WZ_MSG_HOST_CALL: it happens when the host function has answered; value = its number in the call
 * void     wz_module_references(wz_handle module, wz_result*)        text = words of the externrefs that it holds, 8 bytes each; value 0: nobody knows all
 * void     wz_output_buffer_new(uint64_t env, uint64_t max_bytes, wz_result*)
 * uint64_t wz_output_buffer_size(wz_handle)
 * void     wz_output_buffer_bytes(wz_handle, wz_result*)             text = a copy
 * void     wz_output_buffer_reset(wz_handle)
 * void     wz_output_buffer_free(wz_handle)
 * void     wz_listener_new(wz_handle runtime, wz_str json, wz_result*)                          value: for one wz_compile, in place of the runtime
 * void     wz_frame_stack(uint64_t env, uint64_t frame, wz_result*)  inside WZ_MSG_LISTENER: text = JSON of the functions on the stack, innermost first
 * void     wz_snapshot(uint64_t env, uint64_t frame, wz_result*)     inside WZ_MSG_HOST_CALL: value = snapshot, of this frame
 * void     wz_snapshot_restore(uint64_t env, uint64_t frame, uint64_t snapshot, uint64_t *words, uint32_t word_count, wz_result*)
 *                                                                    likewise: it happens when the host function has answered
 * void     wz_table_function(wz_handle module, uint32_t table, uint32_t offset, wz_str types_json, wz_result*)   value = function, text = JSON of its definition
 * void     wz_internal_globals(wz_handle module, wz_result*)         text = JSON [{handle, type}], all globals of the module
 * void     wz_tcp_addresses(wz_handle module, wz_result*)            text = JSON [{host, port}], of its listeners in their order
 * void     wz_direct_open(uint64_t env, wz_handle function, wz_direct_entry*, wz_result*)      value = 0: it cannot be entered directly
 * void     wz_direct_ran(wz_handle entry, uint64_t nanoseconds)      of a metered tenant: so much more has it run in C++; any thread
 * void     wz_direct_close(wz_handle entry)                          no call of it is under way
 * void     wz_direct_adopt(wz_frame_options*, wz_handle entry, uint8_t *stack, size_t, wz_result*)
 *                                                                    in a host function of the call: from now on its frame id is known
 * void     wz_direct_continue(wz_frame_options*, wz_handle entry, uint8_t *stack, size_t, uint64_t *words, uint32_t word_count, uint32_t status, wz_result*)
 *                                                                    runs the call from its exit to the end, as wz_call does. status: WZ_REPLY_* of the
 *                                                                    host function that it left for, whose results are in words
 * void     wz_direct_watch(uint64_t env)                             from now on `running` is called
 * void     wz_express_adopt(wz_frame_options*, wz_handle entry, wz_result*)     of a call that runs or is about to: from now on its frame id is known
 * void     wz_express_continue(wz_frame_options*, wz_handle entry, uint64_t call, uint32_t at, uint8_t *stack, size_t, uint64_t *words, uint32_t word_count,
 *                              uint32_t status, uint64_t *answer, uint32_t answer_count, wz_result*)
 *                                                                    any thread. Takes the call over: WZ_MSG_DONE comes, and before it express_over(call). Until then
 *                                                                    stack and words are Go's. status and answer: of the host function, WZ_REPLY_NONE: not answered.
 *                                                                    WZ_ERROR: the environment has ended, so has the call
 * void     wz_express_stuck(uint32_t is)                             any thread: a guest that cannot be interrupted holds the thread of C++, and a slot with it
 * void     wz_set_concurrency(uint32_t guests)
 * uint32_t wz_threads(void)                                         the most that Go may need at once beside those that it starts with; the first call takes the two descriptors of its timers
 * void     wz_stats(wz_result*)                                      text = JSON
 * void     wz_collect(void)                                          runs Go's garbage collector and waits for it
 * void     wz_runtime_config_describe(wz_runtime_config*, wz_result*)   text = JSON of what Go decoded, for tests; numbers are strings
 * void     wz_module_config_describe(wz_module_config*, wz_result*)     likewise
 * uint32_t wz_guard_pages(wz_handle runtime)                        WZ_GUARD_*: whether new instances have guard pages; 0: of a runtime with defaults
 * void     wz_guard_tables(uintptr_t out[4], wz_guard_exit*)        once, when the addon is loaded: pairs of addresses, and how many, of code and of memories
 * void     wz_build_info(wz_result*)                                 text = JSON {wazero, go, engine: "edited"|"upstream", edits: [...]}
 *
 * The shapes of all JSON (errors, descriptions, host modules) stand in src/internal/binding.ts.
 * wz_call on success, sync lane: text = JSON {"closed":[...]} where the guest closed modules (exit code 0), else NULL;
 * async lane: the bytes of WZ_MSG_DONE likewise, its words = results.
 */
#endif
