// Command wazeronode is the Go half of node-wazero: wazero behind the C contract of native/abi/wazero_node.h, built as a c-archive.
//
// This package is the exports and what joins them; it alone touches C. export_*.go hold the exported functions and nothing else: decode, call,
// encode, recover. cbridge.go calls into C++, config.go reads the flat structs. What does not touch C is in packages of its own, each with a
// comment that says who owns what and which lock: docs/architecture.md has the list, from the ground up. They reach C++ through the functions of
// package abi, and an instance through frames.Module.
package main

func main() {}
