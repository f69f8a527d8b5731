package smux

import (
	"net"
	"relayed"
)

var dial = relayed.Dial

// The first one given is the client's.
func getTCPConnectionPair() (client, server net.Conn, err error) {
	return relayed.Pipe()
}
