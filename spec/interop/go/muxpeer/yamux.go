package main

import (
	"log"
	"net"
	"strings"

	"github.com/hashicorp/yamux"
)

type yamuxSession struct{ *yamux.Session }

type yamuxStream struct{ *yamux.Stream }

// yamuxLog tells what the library logs: it complains of frames in no other way.
type yamuxLog struct{}

func (yamuxLog) Write(line []byte) (int, error) {
	tell(event{Event: "log", Text: strings.TrimSpace(string(line))})
	return len(line), nil
}

func init() {
	protocols["yamux"] = func(conn net.Conn, client bool) (session, error) {
		config := yamux.DefaultConfig()
		config.LogOutput, config.Logger = nil, log.New(yamuxLog{}, "", 0)
		if o.heartbeat > 0 {
			config.KeepAliveInterval = o.heartbeat
		}
		if o.window > 0 {
			config.MaxStreamWindowSize = uint32(o.window)
		}
		start := yamux.Server
		if client {
			start = yamux.Client
		}
		s, err := start(conn, config)
		return yamuxSession{s}, err
	}
}

func (s yamuxSession) Open() (stream, error) {
	opened, err := s.OpenStream()
	return yamuxStream{opened}, err
}

func (s yamuxSession) Accept() (stream, error) {
	accepted, err := s.AcceptStream()
	return yamuxStream{accepted}, err
}

// CloseWrite is Close, which ends only this side's half.
func (s yamuxStream) CloseWrite() error { return s.Close() }
