package wazevoapi

// ExecutionContextOffsetFuel is an offset of `fuel` field in wazevo.executionContext
const ExecutionContextOffsetFuel Offset = 1240
