module wazeroengine

go 1.25
