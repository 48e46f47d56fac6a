// Package sockets is TCP listeners of guests: wazero opens them, this says which ports they got.
package sockets

import (
	"net"
	"reflect"
	"strconv"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/sock"
)

// Config is for pairs of host and port.
func Config(pairs []string) sock.Config {
	c := sock.NewConfig()
	for i := 0; i+1 < len(pairs); i += 2 {
		port, _ := strconv.Atoi(pairs[i+1]) // a number: src has checked it
		c = c.WithTCPListener(pairs[i], port)
	}
	return c
}

// Address is where a listener is bound.
type Address struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// Bound looks for the listeners among the files that wazero has opened for the guest: it does not say which port 0 became.
func Bound(m api.Module, count int) []Address {
	addresses := []Address{}
	files := reflect.ValueOf(m).Elem().FieldByName("Sys").MethodByName("FS").Call(nil)[0]
	lookup := files.MethodByName("LookupFile")
	for fd := int32(3); len(addresses) < count; fd++ { // after the standard streams: mounts, then listeners
		found := lookup.Call([]reflect.Value{reflect.ValueOf(fd)})
		if !found[1].Bool() {
			break
		}
		if l, ok := found[0].Elem().FieldByName("File").Interface().(interface{ Addr() *net.TCPAddr }); ok {
			addresses = append(addresses, Address{l.Addr().IP.String(), l.Addr().Port})
		}
	}
	return addresses
}
