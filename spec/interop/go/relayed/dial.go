// Package relayed connects the two ends of a Go test through a relay of rxmux.
package relayed

import (
	"fmt"
	"net"
	"os"
)

// Dial connects to a listener on loopback by way of the relay that RXMUX_RELAY names. A PROXY header tells the relay
// which listener that is.
func Dial(network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial(network, os.Getenv("RXMUX_RELAY"))
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "PROXY TCP4 127.0.0.1 127.0.0.1 1 %s\r\n", port); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Pipe gives two connections with the relay between them.
func Pipe() (client, server net.Conn, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	if client, err = Dial("tcp", listener.Addr().String()); err != nil {
		return nil, nil, err
	}
	server, err = listener.Accept()
	return client, server, err
}
