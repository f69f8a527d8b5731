package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"sync"
	"time"
)

// A stream of traffic begins with nine bytes of its opener: a kind, and n as u64 big endian.
const (
	// echo: what follows goes back, at n bytes a second at most unless n is 0; ends after the opener did
	kindEcho = 'E'
	// sink: reads n bytes, then answers with one byte 1
	kindSink = 'S'
	// hash: reads to the opener's end, then answers with the SHA-256 as 64 hex digits, and ends
	kindHash = 'H'
	// reset: reads one byte, then resets the stream with code n, as far as the library can
	kindReset = 'R'
	// go away: says GoAway for the session, then echoes
	kindGoAway = 'Q'
	// type: answers with the stream's type as u32 big endian, and ends
	kindType = 'T'
)

func header(kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, n)
}

// serve handles the streams that the other end opens, until the session ends, and gives the reason.
func serve(s session, how string) error {
	if how == "http" {
		return serveHTTP(s)
	}
	for {
		accepted, err := s.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer accepted.Close()
			head := make([]byte, 9)
			if _, err := io.ReadFull(accepted, head); err == io.EOF {
				return
			} else if err != nil {
				tell(event{Event: "stream-error", Error: err.Error()})
				return
			}
			n, err := handle(s, accepted, head[0], binary.BigEndian.Uint64(head[1:]))
			if err != nil {
				tell(event{Event: "stream-error", Kind: string(head[:1]), Bytes: n, Error: err.Error()})
			}
		}()
	}
}

// handle does what a stream asks for; gives how many bytes it read or echoed, and what kept it from doing more.
func handle(s session, st stream, kind byte, n uint64) (read int64, err error) {
	switch kind {
	case kindEcho:
		return move(st, paced{st, n})
	case kindSink:
		read, err = move(io.Discard, io.LimitReader(st, int64(n)))
		if err == nil && read == int64(n) {
			_, err = st.Write([]byte{1})
		}
	case kindHash:
		hash := sha256.New()
		read, err = move(hash, st)
		if err == nil {
			_, err = io.WriteString(st, hex.EncodeToString(hash.Sum(nil)))
		}
	case kindReset:
		// No library lets its user send a reset. Closed now, a stream may answer what arrives yet with one.
		return move(io.Discard, io.LimitReader(st, 1))
	case kindGoAway:
		if err = s.GoAway(); err == nil {
			return move(st, st)
		}
	case kindType:
		answer := make([]byte, 4)
		if typed, ok := st.(typedStream); ok {
			binary.BigEndian.PutUint32(answer, typed.Type())
		}
		_, err = st.Write(answer)
	}
	return
}

var buffers = sync.Pool{New: func() any { return make([]byte, 64<<10) }}

// move copies to the end through a buffer of the same size for all: none gets the short cuts that io.Copy knows.
func move(to io.Writer, from io.Reader) (int64, error) {
	buffer := buffers.Get().([]byte)
	defer buffers.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, buffer)
}

// paced reads `rate` bytes a second at most; 0 is no limit.
type paced struct {
	io.Reader
	rate uint64
}

func (p paced) Read(buffer []byte) (int, error) {
	if p.rate > 0 {
		time.Sleep(10 * time.Millisecond)
		if most := p.rate/100 + 1; most < uint64(len(buffer)) {
			buffer = buffer[:most]
		}
	}
	return p.Reader.Read(buffer)
}
