package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"time"
)

var errOtherBytes = errors.New("other bytes came back")

// soak opens streams of several kinds, some at a time, until the session takes no more. It tells each that failed: only
// the other end knows what was done to the session. One that was refused is not followed by the next at once.
func init() {
	scenarios["soak"] = func(s session) event {
		kinds := []byte{kindEcho, kindSink}
		// smux has no half-close, after which an answer could come.
		if _, isSmux := s.(smuxSession); !isSmux {
			kinds = append(kinds, kindHash)
		}
		together(o.concurrency, func(n int) {
			source := rand.New(rand.NewSource(o.seed + int64(n)))
			for {
				st, err := s.Open()
				if err != nil {
					return
				}
				kind := kinds[source.Intn(len(kinds))]
				got, err := soakStream(st, kind, source.Int63(), 1+source.Int63n(o.bytes))
				if err != nil {
					tell(event{Event: "failed", Kind: string(kind), Bytes: got, Error: err.Error()})
					time.Sleep(10 * time.Millisecond)
				}
				st.Close()
			}
		})
		return event{}
	}
}

// soakStream sends bytes on a stream and checks the answer; gives how many bytes of that came.
func soakStream(st stream, kind byte, seed, size int64) (got int64, err error) {
	n := uint64(0)
	if kind == kindSink {
		n = uint64(size)
	}
	if _, err = st.Write(header(kind, n)); err != nil {
		return
	}
	hash := sha256.New()
	written := make(chan error, 1)
	go func() {
		_, err := move(st, io.TeeReader(random(seed, size), hash))
		if err == nil && kind == kindHash {
			err = st.CloseWrite()
		}
		written <- err
	}()
	switch kind {
	case kindEcho:
		got, err = matching(st, random(seed, size))
	case kindSink:
		_, err = io.ReadFull(st, make([]byte, 1))
	}
	if failed := <-written; failed != nil && err == nil {
		err = failed
	}
	if err == nil && kind == kindHash {
		err = answeredBy(st, hex.EncodeToString(hash.Sum(nil)))
	}
	return
}

// matching reads as many bytes as are wanted, and compares them.
func matching(st stream, wanted io.Reader) (got int64, err error) {
	come, same := make([]byte, 32<<10), make([]byte, 32<<10)
	left := wanted.(*io.LimitedReader).N
	for left > 0 && err == nil {
		var n int
		most := int64(len(come))
		if left < most {
			most = left
		}
		n, err = st.Read(come[:most])
		io.ReadFull(wanted, same[:n])
		if !bytes.Equal(come[:n], same[:n]) {
			return got, errOtherBytes
		}
		got += int64(n)
		left -= int64(n)
	}
	if left == 0 {
		err = nil
	}
	return
}

func answeredBy(st stream, sum string) error {
	answer := make([]byte, len(sum))
	if _, err := io.ReadFull(patient{st, time.Now().Add(30 * time.Second)}, answer); err != nil {
		return err
	}
	if string(answer) != sum {
		return fmt.Errorf("%w: sent %s, the other end read %s", errOtherBytes, sum, answer)
	}
	return nil
}
