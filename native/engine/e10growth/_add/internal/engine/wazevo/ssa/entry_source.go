package ssa

// SourceOffsetOfEntry stands for the beginning of the function, which the backends do not know.
const SourceOffsetOfEntry SourceOffset = -2
