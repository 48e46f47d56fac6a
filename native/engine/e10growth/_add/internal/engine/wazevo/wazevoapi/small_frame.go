package wazevoapi

// SmallFrame is how far below the limit of its stack a function may go whose frame is no larger: it compares the stack
// pointer as it is. The room for signal handlers begins below that.
const SmallFrame = 256
