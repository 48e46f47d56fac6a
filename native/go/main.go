// Command wazeronode is the Go half of node-wazero: wazero behind the C contract of native/abi/wazero_node.h, built as a c-archive.
//
// export_*.go hold the exported functions and nothing else: decode, call, encode, recover. The rest knows nothing of C but for
// cbridge.go (calls into C++) and config.go (reads the flat structs). frame.go, group.go and package slots are the threads of design
// section 3: a frame is one entry into a guest, a group the instances that share memory or tables, a slot the right to run.
package main

func main() {}
