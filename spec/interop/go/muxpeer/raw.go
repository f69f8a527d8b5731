package main

import (
	"net"
	"sync"
)

// rawSession is the measure for the others: every stream is a TCP connection. The server's only stream is the connection
// it was given; the client's, which carries nothing, says where to connect.
type rawSession struct {
	*net.TCPConn
	taken  sync.Once
	client bool
	closed chan struct{}
}

func init() {
	protocols["raw"] = func(conn net.Conn, client bool) (session, error) {
		return &rawSession{TCPConn: conn.(*net.TCPConn), client: client, closed: make(chan struct{})}, nil
	}
}

func (s *rawSession) Open() (stream, error) {
	conn, err := net.Dial("tcp", s.RemoteAddr().String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func (s *rawSession) Accept() (stream, error) {
	var first stream
	if !s.client {
		s.taken.Do(func() { first = s })
	}
	if first == nil {
		<-s.closed
		return nil, net.ErrClosed
	}
	return first, nil
}

func (s *rawSession) GoAway() error { return s.Close() }

func (s *rawSession) Close() error {
	defer close(s.closed)
	return s.TCPConn.Close()
}
