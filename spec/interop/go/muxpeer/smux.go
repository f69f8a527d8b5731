package main

import (
	"net"

	"github.com/xtaci/smux"
)

type smuxSession struct{ *smux.Session }

type smuxStream struct{ *smux.Stream }

func init() {
	for version, name := range map[int]string{1: "smux1", 2: "smux2"} {
		config := smux.DefaultConfig()
		config.Version = version
		protocols[name] = func(conn net.Conn, client bool) (session, error) {
			if o.heartbeat > 0 {
				config.KeepAliveInterval, config.KeepAliveTimeout = o.heartbeat, 3*o.heartbeat
			}
			if o.window > 0 {
				config.MaxStreamBuffer = int(o.window)
			}
			start := smux.Server
			if client {
				start = smux.Client
			}
			s, err := start(conn, config)
			return smuxSession{s}, err
		}
	}
}

func (s smuxSession) Open() (stream, error) {
	opened, err := s.OpenStream()
	return smuxStream{opened}, err
}

func (s smuxSession) Accept() (stream, error) {
	accepted, err := s.AcceptStream()
	return smuxStream{accepted}, err
}

// GoAway is Close: smux has no such frame.
func (s smuxSession) GoAway() error { return s.Close() }

// CloseWrite is Close: this version has no half-close.
func (s smuxStream) CloseWrite() error { return s.Close() }
