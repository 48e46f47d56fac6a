module wazeronode

go 1.25.0

toolchain go1.26.11

require github.com/tetratelabs/wazero v1.12.0

require golang.org/x/sys v0.44.0

require github.com/cespare/xxhash/v2 v2.3.0
