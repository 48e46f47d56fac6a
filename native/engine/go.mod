module wazeroengine

go 1.25

toolchain go1.26.11
