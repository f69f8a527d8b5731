//go:build !muxado2

package main

import (
	"fmt"
	"net"
	"time"

	"github.com/inconshreveable/muxado/proto"
	"github.com/inconshreveable/muxado/proto/ext"
	"github.com/inconshreveable/muxado/proto/frame"
)

// The public package is a thin cover of `proto` that fixes the heartbeat's interval; this does what its Client and Server do.
type muxado1Session struct{ proto.ISession }

type muxado1Stream struct{ proto.IStream }

func init() {
	protocols["muxado1"] = func(conn net.Conn, client bool) (session, error) {
		heartbeat := ext.NewDefaultHeartbeat()
		if o.heartbeat > 0 {
			heartbeat = ext.NewHeartbeat(o.heartbeat, 10*time.Second)
		}
		return muxado1Session{proto.NewSession(conn, proto.NewStream, client, []proto.Extension{heartbeat})}, nil
	}
}

func (s muxado1Session) Open() (stream, error) {
	var streamType frame.StreamType
	if o.streamType > 0 {
		streamType = frame.StreamType(o.streamType)
	}
	opened, err := s.OpenStream(0, streamType, false)
	return muxado1Stream{opened}, err
}

func (s muxado1Session) Accept() (stream, error) {
	accepted, err := s.ISession.Accept()
	if err != nil {
		code, cause, debug := s.Wait()
		err = fmt.Errorf("%w: code %d, %v, remote debug %q", err, code, cause, debug)
	}
	return muxado1Stream{accepted}, err
}

func (s muxado1Session) GoAway() error { return s.ISession.GoAway(frame.NoError, nil) }

func (s muxado1Stream) CloseWrite() error {
	_, err := s.HalfClose(nil)
	return err
}

func (s muxado1Stream) Type() uint32 { return uint32(s.StreamType()) }
