// The same plugin, in Go: pieces and a price in cents, as "12 x 250"; the bill as text, with a number that goes up.
package main

import (
	"fmt"
	"strconv"

	"github.com/extism/go-pdk"
)

//go:wasmimport extism:host/user discount
func discount(pieces uint64) uint64

//go:wasmexport receipt
func receipt() int32 {
	var pieces, cents int
	if _, err := fmt.Sscanf(pdk.InputString(), "%d x %d", &pieces, &cents); err != nil {
		pdk.SetError(fmt.Errorf("Expected \"pieces x cents\""))
		return 1
	}
	argument := pdk.AllocateString(strconv.Itoa(pieces))
	answer := pdk.FindMemory(discount(argument.Offset()))
	percent, _ := strconv.Atoi(string(answer.ReadBytes()))
	number := pdk.GetVarInt("number") + 1
	pdk.SetVarInt("number", number)
	currency, _ := pdk.GetConfig("currency")
	total := pieces * cents * (100 - percent) / 100
	pdk.OutputString(fmt.Sprintf("No. %d: %d.%02d %s", number, total/100, total%100, currency))
	return 0
}

//go:wasmexport hang
func hang() int32 {
	for {
	}
}

func main() {}
