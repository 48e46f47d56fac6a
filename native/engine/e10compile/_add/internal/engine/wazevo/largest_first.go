package wazevo

import (
	"cmp"
	"slices"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// largestFirst is the order in which several workers compile the functions of a module, so that none has a large one left when the others have done.
func largestFirst(module *wasm.Module) []int {
	order := make([]int, len(module.CodeSection))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(len(module.CodeSection[b].Body), len(module.CodeSection[a].Body))
	})
	return order
}
