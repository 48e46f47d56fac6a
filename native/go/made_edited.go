//go:build !wazero_upstream

package main

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/nodehost"
)

type hostTable = nodehost.Table

func exportedTable(m api.Module, name string) (hostTable, bool) {
	return nodehost.ExportedTable(m, name)
}

func referenceTo(m api.Module, index uint32) (uint64, error) {
	return nodehost.ReferenceTo(m, index), nil
}

func makeMemory(ctx context.Context, r wazero.Runtime, least, capacity, most uint32, hasMax, shared bool) (api.Module, error) {
	return nodehost.MakeMemory(ctx, r, least, capacity, most, hasMax, shared)
}

func makeTable(ctx context.Context, r wazero.Runtime, of api.ValueType, least uint32, most *uint32) (api.Module, error) {
	return nodehost.MakeTable(ctx, r, of, least, most)
}

func makeGlobal(ctx context.Context, r wazero.Runtime, of api.ValueType, mutable bool, lo, hi uint64) (api.Module, error) {
	return nodehost.MakeGlobal(ctx, r, of, mutable, lo, hi)
}

func makeTag(ctx context.Context, r wazero.Runtime, params []api.ValueType) (api.Module, error) {
	return nodehost.MakeTag(ctx, r, params)
}
