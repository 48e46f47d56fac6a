// What is left in stock: reads and writes the host's key-value store. A WASI reactor, built by the example when there is a Go toolchain:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags="-s -w" -o stock.wasm .
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"unsafe"
)

//go:wasmimport host kv_get
func hostKvGet(key unsafe.Pointer, keyLength uint32) uint64

//go:wasmimport host kv_set
func hostKvSet(key unsafe.Pointer, keyLength uint32, value unsafe.Pointer, valueLength uint32)

// What the host holds pointers to: a map keeps the collector away until dealloc.
var lent = map[unsafe.Pointer][]byte{}

//go:wasmexport alloc
func alloc(size uint32) unsafe.Pointer { return lend(make([]byte, max(size, 1))) }

//go:wasmexport dealloc
func dealloc(pointer unsafe.Pointer, size uint32) { delete(lent, pointer) }

func lend(bytes []byte) unsafe.Pointer {
	pointer := unsafe.Pointer(unsafe.SliceData(bytes))
	lent[pointer] = bytes
	return pointer
}

func kvGet(key string) string {
	packed := hostKvGet(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)))
	if packed == 0 {
		return ""
	}
	pointer := unsafe.Pointer(uintptr(packed >> 32)) // alloc lent it: it is in the map
	defer dealloc(pointer, uint32(packed))
	return string(lent[pointer][:uint32(packed)])
}

func kvSet(key, value string) {
	hostKvSet(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)), unsafe.Pointer(unsafe.StringData(value)), uint32(len(value)))
}

type order struct {
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

func reserve(request []byte) map[string]any {
	var o order
	if err := json.Unmarshal(request, &o); err != nil {
		return map[string]any{"error": err.Error()}
	}
	stock, err := strconv.Atoi(kvGet("stock " + o.Item))
	if err != nil || stock < o.Quantity {
		return map[string]any{"error": "not in stock", "left": stock}
	}
	kvSet("stock "+o.Item, strconv.Itoa(stock-o.Quantity))
	fmt.Fprintf(os.Stdout, "reserved %d of %d\n", o.Quantity, stock) // by WASI: the host shows it as this plugin's output
	return map[string]any{"left": stock - o.Quantity}
}

//go:wasmexport handle
func handle(request unsafe.Pointer, length uint32) uint64 {
	answer, err := json.Marshal(reserve(unsafe.Slice((*byte)(request), length)))
	if err != nil {
		panic(err)
	}
	return uint64(uintptr(lend(answer)))<<32 | uint64(len(answer))
}

func main() {}
