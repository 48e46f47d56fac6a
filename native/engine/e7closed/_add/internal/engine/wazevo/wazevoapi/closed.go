package wazevoapi

// ExitCodeCalleeClosed is an exit code for a call of a function whose module instance has been closed.
const ExitCodeCalleeClosed ExitCode = 0xf0
