//go:build muxado2

// Both versions of muxado have the same import path, so a build has one or the other.
package main

import (
	"fmt"
	"net"
	"time"

	"github.com/inconshreveable/muxado"
)

type muxado2Session struct {
	muxado.Session
	// What the session is without types: only this can say GoAway.
	inner muxado.Session
}

type muxado2Stream struct{ muxado.Stream }

func init() {
	protocols["muxado2"] = func(conn net.Conn, client bool) (session, error) {
		start := muxado.Server
		if client {
			start = muxado.Client
		}
		// The wire has no acknowledgement that would keep an opener from overrunning the default of 128.
		inner := start(conn, &muxado.Config{MaxWindowSize: uint32(o.window), AcceptBacklog: 1024})
		if o.streamType < 0 {
			return muxado2Session{inner, inner}, nil
		}
		config := muxado.NewHeartbeatConfig()
		if o.heartbeat > 0 {
			config.Interval, config.Tolerance = o.heartbeat, o.heartbeat
		}
		heartbeat := muxado.NewHeartbeat(muxado.NewTypedStreamSession(inner), func(took time.Duration) {
			if took == 0 {
				inner.Close()
				return
			}
			tell(event{Event: "heartbeat", Seconds: took.Seconds()})
		}, config)
		heartbeat.Start()
		return muxado2Session{heartbeat, inner}, nil
	}
}

func (s muxado2Session) Open() (stream, error) {
	var opened muxado.Stream
	var err error
	if typed, ok := s.Session.(muxado.TypedStreamSession); ok {
		opened, err = typed.OpenTypedStream(muxado.StreamType(o.streamType))
	} else {
		opened, err = s.OpenStream()
	}
	return muxado2Stream{opened}, err
}

func (s muxado2Session) Accept() (stream, error) {
	var accepted muxado.Stream
	var err error
	// Its AcceptStream would hand on the heartbeat's stream too.
	if typed, ok := s.Session.(muxado.TypedStreamSession); ok {
		accepted, err = typed.AcceptTypedStream()
	} else {
		accepted, err = s.AcceptStream()
	}
	if err != nil {
		_, remote, debug := s.inner.Wait()
		err = fmt.Errorf("%w: remote error %v, remote debug %q", err, remote, debug)
	}
	return muxado2Stream{accepted}, err
}

func (s muxado2Session) GoAway() error {
	return s.inner.(interface {
		GoAway(muxado.ErrorCode, []byte, time.Time) error
	}).GoAway(muxado.NoError, nil, time.Time{})
}

func (s muxado2Stream) Type() uint32 {
	if typed, ok := s.Stream.(muxado.TypedStream); ok {
		return uint32(typed.StreamType())
	}
	return 0
}
