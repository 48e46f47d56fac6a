package main

/*
#cgo CFLAGS: -I${SRCDIR}/../abi
#include <stdlib.h>
#include <string.h>
#include "wazero_node.h"

// Static copies: a file with definitions in its preamble must hold no //export.
static wz_callbacks table; // that C++ gave to wz_start; never changed after
static void set_callbacks(const wz_callbacks *c) { table = *c; }
static uint32_t call_post(uint64_t env, uint32_t kind, uint32_t status, uint64_t frame, uint64_t target, uint64_t module,
                          const uint64_t *words, uint32_t word_count, const uint8_t *bytes, size_t byte_count, uint32_t result_count, size_t result_bytes) {
  wz_message m = {kind, status, frame, target, module, words, word_count, bytes, byte_count, result_count, result_bytes};
  return table.post(env, &m);
}
// Returns size << 8 | status: an address to put one of them at would be on Go's heap.
static uint64_t call_upcall(uint64_t env, uint32_t kind, uint64_t frame, uint64_t target, uint64_t module,
                            const uint64_t *words, uint32_t word_count, const uint8_t *bytes, size_t byte_count,
                            uint64_t *result_words, uint32_t result_count, uint8_t *result_bytes, size_t result_size) {
  wz_message m = {kind, 0, frame, target, module, words, word_count, bytes, byte_count, result_count, result_size};
  wz_reply r = {0, result_words, result_count, result_bytes, result_size};
  table.upcall(env, &m, &r);
  return (uint64_t)r.byte_count << 8 | (r.status & 0xff);
}
static uint32_t call_running(uint64_t env, uint64_t *entry) { return table.running(env, entry); }
static uint32_t call_alive(uint64_t env) { return table.alive(env); }
static void call_express_over(uint64_t call, uint32_t usable) { table.express_over(call, usable); }
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

var started atomic.Bool

func setCallbacks(c unsafe.Pointer) { C.set_callbacks((*C.wz_callbacks)(c)) }

// message is wz_message: see there. words and bytes are read during the call only.
type message struct {
	kind, status   uint32
	frame          uint64
	target, module uint64
	words          []uint64
	bytes          []byte
	resultCount    int
	resultBytes    int
}

func post(env uint64, m *message) bool {
	return C.call_post(C.uint64_t(env), C.uint32_t(m.kind), C.uint32_t(m.status), C.uint64_t(m.frame), C.uint64_t(m.target), C.uint64_t(m.module),
		wordsPointer(m.words), C.uint32_t(len(m.words)), bytesPointer(m.bytes), C.size_t(len(m.bytes)), C.uint32_t(m.resultCount), C.size_t(m.resultBytes)) == 0
}

// upcall runs the callback on this very thread: only in a sync frame. The results land in words and bytes; n is how many bytes.
func upcall(env uint64, m *message, words []uint64, bytes []byte) (status uint32, n int) {
	answer := uint64(C.call_upcall(C.uint64_t(env), C.uint32_t(m.kind), C.uint64_t(m.frame), C.uint64_t(m.target), C.uint64_t(m.module),
		wordsPointer(m.words), C.uint32_t(len(m.words)), bytesPointer(m.bytes), C.size_t(len(m.bytes)),
		wordsPointer(words), C.uint32_t(len(words)), bytesPointer(bytes), C.size_t(len(bytes))))
	return uint32(answer & 0xff), int(min(answer>>8, uint64(len(bytes))))
}

func alive(env uint64) bool { return C.call_alive(C.uint64_t(env)) != 0 }

// expressOver gives a call back that C++ has handed over: stack and words are no longer ours.
func expressOver(call uint64, usable bool) {
	u := C.uint32_t(0)
	if usable {
		u = 1
	}
	C.call_express_over(C.uint64_t(call), u)
}

// directRunning tells which direct call of an environment has been running since it was asked last, 0 for none; and whether to ask again.
func directRunning(env uint64) (h handle, more bool) {
	var entry C.uint64_t
	more = C.call_running(C.uint64_t(env), &entry) != 0
	return handle(entry), more
}

func wordsPointer(w []uint64) *C.uint64_t { return (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(w))) }
func bytesPointer(b []byte) *C.uint8_t    { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }

const (
	msgDone     = C.WZ_MSG_DONE
	msgHostCall = C.WZ_MSG_HOST_CALL
	msgWrite    = C.WZ_MSG_WRITE
	msgRead     = C.WZ_MSG_READ
	msgClock    = C.WZ_MSG_CLOCK
	msgSleep    = C.WZ_MSG_SLEEP
	msgYield    = C.WZ_MSG_YIELD
	msgRandom   = C.WZ_MSG_RANDOM
	msgFS       = C.WZ_MSG_FS
	msgListener = C.WZ_MSG_LISTENER
	msgWarning  = C.WZ_MSG_WARNING

	readWait   = C.WZ_READ_WAIT
	readNow    = C.WZ_READ_NOW
	readAsk    = C.WZ_READ_ASK
	readInsist = C.WZ_READ_INSIST
	readLater  = C.WZ_READ_LATER

	warningCache = C.WZ_WARNING_CACHE

	replyOK         = C.WZ_REPLY_OK
	replyThrew      = C.WZ_REPLY_THREW
	replyWouldBlock = C.WZ_REPLY_WOULD_BLOCK
	replyDead       = C.WZ_REPLY_DEAD

	fsOpen     = C.WZ_FS_OPEN
	fsClose    = C.WZ_FS_CLOSE
	fsRead     = C.WZ_FS_READ
	fsWrite    = C.WZ_FS_WRITE
	fsFstat    = C.WZ_FS_FSTAT
	fsStat     = C.WZ_FS_STAT
	fsLstat    = C.WZ_FS_LSTAT
	fsList     = C.WZ_FS_LIST
	fsNext     = C.WZ_FS_NEXT
	fsReadlink = C.WZ_FS_READLINK
	fsTruncate = C.WZ_FS_TRUNCATE
	fsSync     = C.WZ_FS_SYNC
	fsFutimes  = C.WZ_FS_FUTIMES
	fsUtimes   = C.WZ_FS_UTIMES
	fsLutimes  = C.WZ_FS_LUTIMES
	fsMkdir    = C.WZ_FS_MKDIR
	fsRmdir    = C.WZ_FS_RMDIR
	fsUnlink   = C.WZ_FS_UNLINK
	fsRename   = C.WZ_FS_RENAME
	fsLink     = C.WZ_FS_LINK
	fsSymlink  = C.WZ_FS_SYMLINK
	fsChmod    = C.WZ_FS_CHMOD
	fsRelease  = C.WZ_FS_RELEASE

	openWrite     = C.WZ_OPEN_WRITE
	openReadWrite = C.WZ_OPEN_READ_WRITE
	openCreate    = C.WZ_OPEN_CREATE
	openExclusive = C.WZ_OPEN_EXCLUSIVE
	openTruncate  = C.WZ_OPEN_TRUNCATE
	openDirectory = C.WZ_OPEN_DIRECTORY
	openNoFollow  = C.WZ_OPEN_NO_FOLLOW
	openSync      = C.WZ_OPEN_SYNC
	openDataSync  = C.WZ_OPEN_DATA_SYNC

	laneSync  = C.WZ_LANE_SYNC
	laneAsync = C.WZ_LANE_ASYNC

	sinkFD       = C.WZ_SINK_FD
	sinkBuffer   = C.WZ_SINK_BUFFER
	sinkCallback = C.WZ_SINK_CALLBACK

	sourceFD       = C.WZ_SOURCE_FD
	sourceBytes    = C.WZ_SOURCE_BYTES
	sourceCallback = C.WZ_SOURCE_CALLBACK

	clockSystem   = C.WZ_CLOCK_SYSTEM
	clockCallback = C.WZ_CLOCK_CALLBACK

	randDefault  = C.WZ_RAND_DETERMINISTIC
	randSecure   = C.WZ_RAND_SECURE
	randBytes    = C.WZ_RAND_BYTES
	randCallback = C.WZ_RAND_CALLBACK

	mountDir         = C.WZ_MOUNT_DIR
	mountReadOnlyDir = C.WZ_MOUNT_READ_ONLY_DIR
	mountFS          = C.WZ_MOUNT_FS
	mountSysFS       = C.WZ_MOUNT_SYS_FS

	engineCompiler    = C.WZ_ENGINE_COMPILER
	engineInterpreter = C.WZ_ENGINE_INTERPRETER

	stopClose   = C.WZ_STOP_CLOSE
	stopTimeout = C.WZ_STOP_TIMEOUT
	stopAbort   = C.WZ_STOP_ABORT
)
