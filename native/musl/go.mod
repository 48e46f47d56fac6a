module wazeronode/musl

go 1.25
