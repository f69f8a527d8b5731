package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"time"
)

// scenarios has what the program does with streams of its own, by name.
var scenarios = map[string]func(s session) event{
	"echo": func(s session) event { return echoOn(s, 0) },

	// As many streams as wanted, all open at once.
	"many": func(s session) event {
		streams := openMany(s)
		for _, st := range streams {
			check(st.CloseWrite())
		}
		for _, st := range streams {
			checkEnd(st)
		}
		return event{Streams: len(streams)}
	},

	// The same, left open.
	"hold": func(s session) event { return event{Streams: len(openMany(s))} },

	// Half-closes after the request, and has the answer then.
	"halfclose": func(s session) event {
		st := open(s, kindHash, 0)
		hash, answer := sha256.New(), make([]byte, 2*sha256.Size)
		_, err := move(st, io.TeeReader(random(1, o.bytes), hash))
		check(err)
		check(st.CloseWrite())
		_, err = io.ReadFull(patient{st, time.Now().Add(5 * time.Second)}, answer)
		check(err)
		sum := hex.EncodeToString(hash.Sum(nil))
		if string(answer) != sum {
			check(fmt.Errorf("sent %s, the other end read %s", sum, answer))
		}
		checkEnd(st)
		return event{Bytes: o.bytes, Sha256: sum}
	},

	// The other end resets a stream: tells the errors of reading and of writing; another stream goes on.
	"reset": func(s session) event {
		st := open(s, kindReset, o.code)
		_, err := st.Write([]byte{1})
		check(err)
		_, err = io.ReadFull(st, make([]byte, 1))
		if err == nil {
			check(errors.New("read bytes of a stream to be reset"))
		}
		seen := event{Event: "reset", Error: err.Error()}
		for tries := 0; tries < 100 && seen.WriteError == ""; tries++ {
			if _, err := st.Write([]byte{1}); err != nil {
				seen.WriteError = err.Error()
			}
			time.Sleep(time.Millisecond)
		}
		tell(seen)
		return echoOn(s, 0)
	},

	// Closes a stream whose echo it does not read; another stream goes on.
	"abandon": func(s session) event {
		st := open(s, kindEcho, 0)
		_, err := move(st, random(1, 50_000))
		check(err)
		check(st.Close())
		return echoOn(s, 0)
	},

	// Goes away while one of its streams lives, which goes on.
	"goaway": func(s session) event {
		return aroundGoAway(s, kindEcho, func() { check(s.GoAway()) })
	},

	// The other end goes away: the stream goes on, a new one can't be had.
	"remote-goaway": func(s session) event {
		return aroundGoAway(s, kindGoAway, func() {
			_, err := s.Open()
			if err == nil {
				check(errors.New("opened a stream after the other end's GoAway"))
			}
			tell(event{Event: "open-failed", Error: err.Error()})
		})
	},

	// One echo at a trickle, also read at a trickle; the fast ones beside it tell when they are done.
	"slow": func(s session) event {
		started := time.Now()
		slow := make(chan event)
		go func() { slow <- echoOn(s, o.pace) }()
		for n := 0; n < o.streams; n++ {
			echoOn(s, 0)
		}
		tell(event{Event: "fast", Streams: o.streams, Seconds: time.Since(started).Seconds()})
		done := <-slow
		done.Seconds = time.Since(started).Seconds()
		return done
	},

	"idle": func(s session) event {
		time.Sleep(o.quiet)
		return echoOn(s, 0)
	},

	// The other end tells the type of the stream it got.
	"type": func(s session) event {
		st, answer := open(s, kindType, 0), make([]byte, 4)
		_, err := io.ReadFull(st, answer)
		check(err)
		if got := binary.BigEndian.Uint32(answer); int64(got) != o.streamType {
			check(fmt.Errorf("opened with type %d, arrived with %d", o.streamType, got))
		}
		return event{}
	},

	"http":     requestHTTP,
	"bulk":     bulk,
	"open":     openRate,
	"pingpong": pingpong,
}

func open(s session, kind byte, n uint64) stream {
	st, err := s.Open()
	check(err)
	_, err = st.Write(header(kind, n))
	check(err)
	return st
}

func random(seed, n int64) io.Reader { return io.LimitReader(rand.New(rand.NewSource(seed)), n) }

// echoOn has all bytes of a new stream echoed.
func echoOn(s session, pace uint64) event {
	st := open(s, kindEcho, pace)
	defer st.Close()
	sum := echo(st, random(1, o.bytes), pace)
	// Not before: most of the libraries read no more after their half-close.
	check(st.CloseWrite())
	checkEnd(st)
	return event{Bytes: o.bytes, Sha256: sum}
}

// echo sends and reads at the same time; gives the hash of what came back if that is what was sent.
func echo(st stream, source io.Reader, pace uint64) string {
	sent, back := sha256.New(), sha256.New()
	total := source.(*io.LimitedReader).N
	written := make(chan error, 1)
	go func() {
		_, err := move(st, io.TeeReader(source, sent))
		written <- err
	}()
	got, err := move(back, io.LimitReader(paced{st, pace}, total))
	check(err)
	if got < total {
		check(fmt.Errorf("EOF after %d of %d bytes", got, total))
	}
	check(<-written)
	sum := hex.EncodeToString(back.Sum(nil))
	if sum != hex.EncodeToString(sent.Sum(nil)) {
		check(errors.New("other bytes came back"))
	}
	return sum
}

func checkEnd(st stream) {
	if more, err := st.Read(make([]byte, 1)); more != 0 || err != io.EOF {
		check(fmt.Errorf("not EOF at the end, but %d bytes and %v", more, err))
	}
}

// openMany gives streams that each had a message echoed.
func openMany(s session) []stream {
	streams := make([]stream, o.streams)
	together(len(streams), func(n int) {
		streams[n] = open(s, kindEcho, 0)
		echo(streams[n], random(int64(n), 64), 0)
	})
	return streams
}

// aroundGoAway uses a stream before and after one of the two ends goes away.
func aroundGoAway(s session, kind byte, between func()) event {
	st := open(s, kind, 0)
	defer st.Close()
	echo(st, random(1, o.bytes), 0)
	between()
	return event{Bytes: 2 * o.bytes, Sha256: echo(st, random(2, o.bytes), 0)}
}

// patient reads on where yamux says EOF: its version here says so to who has half-closed, until there are bytes.
type patient struct {
	io.Reader
	until time.Time
}

func (p patient) Read(buffer []byte) (int, error) {
	for {
		n, err := p.Reader.Read(buffer)
		if n > 0 || err != io.EOF || time.Now().After(p.until) {
			return n, err
		}
		time.Sleep(time.Millisecond)
	}
}
