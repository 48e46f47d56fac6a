package abi

// The numbers of wazero_node.h that Go uses. What they mean is said there.

const (
	MsgDone     = 1  // WZ_MSG_DONE
	MsgHostCall = 2  // WZ_MSG_HOST_CALL
	MsgWrite    = 3  // WZ_MSG_WRITE
	MsgRead     = 4  // WZ_MSG_READ
	MsgClock    = 5  // WZ_MSG_CLOCK
	MsgSleep    = 6  // WZ_MSG_SLEEP
	MsgYield    = 7  // WZ_MSG_YIELD
	MsgRandom   = 8  // WZ_MSG_RANDOM
	MsgFS       = 9  // WZ_MSG_FS
	MsgListener = 10 // WZ_MSG_LISTENER
	MsgWarning  = 11 // WZ_MSG_WARNING

	ReadWait   = 0         // WZ_READ_WAIT
	ReadNow    = 1         // WZ_READ_NOW
	ReadAsk    = 2         // WZ_READ_ASK
	ReadInsist = 3         // WZ_READ_INSIST
	ReadLater  = 1<<64 - 1 // WZ_READ_LATER

	WarningCache = 1 // WZ_WARNING_CACHE

	ReplyOK         = 0 // WZ_REPLY_OK
	ReplyThrew      = 1 // WZ_REPLY_THREW
	ReplyWouldBlock = 2 // WZ_REPLY_WOULD_BLOCK
	ReplyDead       = 3 // WZ_REPLY_DEAD

	FSOpen     = 1  // WZ_FS_OPEN
	FSClose    = 2  // WZ_FS_CLOSE
	FSRead     = 3  // WZ_FS_READ
	FSWrite    = 4  // WZ_FS_WRITE
	FSFstat    = 5  // WZ_FS_FSTAT
	FSStat     = 6  // WZ_FS_STAT
	FSLstat    = 7  // WZ_FS_LSTAT
	FSList     = 8  // WZ_FS_LIST
	FSNext     = 9  // WZ_FS_NEXT
	FSReadlink = 10 // WZ_FS_READLINK
	FSTruncate = 11 // WZ_FS_TRUNCATE
	FSSync     = 12 // WZ_FS_SYNC
	FSFutimes  = 13 // WZ_FS_FUTIMES
	FSUtimes   = 14 // WZ_FS_UTIMES
	FSLutimes  = 15 // WZ_FS_LUTIMES
	FSMkdir    = 16 // WZ_FS_MKDIR
	FSRmdir    = 17 // WZ_FS_RMDIR
	FSUnlink   = 18 // WZ_FS_UNLINK
	FSRename   = 19 // WZ_FS_RENAME
	FSLink     = 20 // WZ_FS_LINK
	FSSymlink  = 21 // WZ_FS_SYMLINK
	FSChmod    = 22 // WZ_FS_CHMOD
	FSRelease  = 23 // WZ_FS_RELEASE

	OpenWrite     = 1   // WZ_OPEN_WRITE
	OpenReadWrite = 2   // WZ_OPEN_READ_WRITE
	OpenCreate    = 4   // WZ_OPEN_CREATE
	OpenExclusive = 8   // WZ_OPEN_EXCLUSIVE
	OpenTruncate  = 16  // WZ_OPEN_TRUNCATE
	OpenDirectory = 32  // WZ_OPEN_DIRECTORY
	OpenNoFollow  = 64  // WZ_OPEN_NO_FOLLOW
	OpenSync      = 128 // WZ_OPEN_SYNC
	OpenDataSync  = 256 // WZ_OPEN_DATA_SYNC

	LaneSync  = 0 // WZ_LANE_SYNC
	LaneAsync = 1 // WZ_LANE_ASYNC

	SinkFD       = 1 // WZ_SINK_FD
	SinkBuffer   = 2 // WZ_SINK_BUFFER
	SinkCallback = 3 // WZ_SINK_CALLBACK

	SourceFD       = 1 // WZ_SOURCE_FD
	SourceBytes    = 2 // WZ_SOURCE_BYTES
	SourceCallback = 3 // WZ_SOURCE_CALLBACK

	ClockSystem   = 1 // WZ_CLOCK_SYSTEM
	ClockCallback = 2 // WZ_CLOCK_CALLBACK

	RandDeterministic = 0 // WZ_RAND_DETERMINISTIC
	RandSecure        = 1 // WZ_RAND_SECURE
	RandBytes         = 2 // WZ_RAND_BYTES
	RandCallback      = 3 // WZ_RAND_CALLBACK

	MountDir         = 1 // WZ_MOUNT_DIR
	MountReadOnlyDir = 2 // WZ_MOUNT_READ_ONLY_DIR
	MountFS          = 3 // WZ_MOUNT_FS
	MountSysFS       = 4 // WZ_MOUNT_SYS_FS

	ExternMemory = 1 // WZ_EXTERN_MEMORY
	ExternTable  = 2 // WZ_EXTERN_TABLE
	ExternGlobal = 3 // WZ_EXTERN_GLOBAL
	ExternTag    = 4 // WZ_EXTERN_TAG

	MadeHasMax  = 1 // WZ_MADE_HAS_MAX
	MadeShared  = 2 // WZ_MADE_SHARED
	MadeMutable = 4 // WZ_MADE_MUTABLE

	TableDone    = 0 // WZ_TABLE_DONE
	TableRefused = 1 // WZ_TABLE_REFUSED
	TableClosed  = 2 // WZ_TABLE_CLOSED

	GuardPagesAuto   = 0 // WZ_GUARD_PAGES_AUTO
	GuardPagesAlways = 1 // WZ_GUARD_PAGES_ALWAYS
	GuardPagesNever  = 2 // WZ_GUARD_PAGES_NEVER

	GuardOn       = 0 // WZ_GUARD_ON
	GuardOff      = 1 // WZ_GUARD_OFF
	GuardPlatform = 2 // WZ_GUARD_PLATFORM
	GuardLimited  = 3 // WZ_GUARD_LIMITED
	GuardUsedUp   = 7 // WZ_GUARD_USED_UP

	EngineCompiler    = 1 // WZ_ENGINE_COMPILER
	EngineInterpreter = 2 // WZ_ENGINE_INTERPRETER

	StopClose   = 1 // WZ_STOP_CLOSE
	StopTimeout = 2 // WZ_STOP_TIMEOUT
	StopAbort   = 3 // WZ_STOP_ABORT
	StopCPU     = 4 // WZ_STOP_CPU

	AtStart    = 0 // WZ_AT_START
	AtExit     = 1 // WZ_AT_EXIT
	AtQuestion = 2 // WZ_AT_QUESTION
	AtEnd      = 3 // WZ_AT_END
)
