package main

import (
	"net"
	"time"
)

// o has the options of the command line; main.go says what each means.
var o struct {
	heartbeat, quiet            time.Duration
	window                      uint
	streamType, bytes, seed     int64
	streams, concurrency, chunk int
	pace, code                  uint64
}

// session is what all the libraries' sessions can do.
type session interface {
	Open() (stream, error)
	Accept() (stream, error)
	// GoAway is the library's, or its Close where it has none.
	GoAway() error
	Close() error
}

// stream is what all the libraries' streams can do.
type stream interface {
	net.Conn
	// CloseWrite is the library's half-close, or its Close where it has none.
	CloseWrite() error
}

// typedStream is a stream of muxado.
type typedStream interface {
	stream
	Type() uint32
}

// protocols has how each is started, by name; each adds its own.
var protocols = map[string]func(conn net.Conn, client bool) (session, error){}
