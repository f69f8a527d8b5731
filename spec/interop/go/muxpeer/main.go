// A peer of rxmux's sessions: one program over Go's stream multiplexers, as either end of the session and on either side
// of each stream.
//
// It serves the streams that the other end opens (serve.go has what they ask for) and, unless the scenario is `serve`,
// opens streams itself (scenarios.go). What happens is told as one JSON object a line. It exits with 0 once its scenario
// is done or its session over, and with 1 when something failed. Serving or told to -stay, it ends when its stdin does.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// event is a line of the output; fields that mean nothing for an event are left out.
type event struct {
	Event      string  `json:"event"`
	Port       int     `json:"port,omitempty"`
	Kind       string  `json:"kind,omitempty"`
	Error      string  `json:"error,omitempty"`
	WriteError string  `json:"writeError,omitempty"`
	Text       string  `json:"text,omitempty"`
	Streams    int     `json:"streams,omitempty"`
	Bytes      int64   `json:"bytes,omitempty"`
	Sha256     string  `json:"sha256,omitempty"`
	Seconds    float64 `json:"seconds,omitempty"`
	P50Micros  float64 `json:"p50Micros,omitempty"`
	P99Micros  float64 `json:"p99Micros,omitempty"`
}

// output is held by whoever writes a line, and for good by a failure: nothing follows it.
var output sync.Mutex

func tell(e event) {
	output.Lock()
	defer output.Unlock()
	json.NewEncoder(os.Stdout).Encode(e)
}

// check ends the program if there is an error.
func check(err error) {
	if err != nil {
		output.Lock()
		json.NewEncoder(os.Stdout).Encode(event{Event: "error", Error: err.Error()})
		os.Exit(1)
	}
}

func main() {
	proto := flag.String("proto", "yamux", "muxado1, muxado2, yamux, smux1, smux2 or raw (TCP, each connection a stream)")
	role := flag.String("role", "client", "of the session: client or server")
	listen := flag.String("listen", "", "host and port to wait at; a scenario runs on the first connection")
	dial := flag.String("dial", "", "host and port to connect to")
	name := flag.String("scenario", "serve", "what to do with streams of its own; serve opens none")
	serveAs := flag.String("serve", "traffic", "what the other end's streams carry: traffic or http")
	stay := flag.Bool("stay", false, "keep the session after the scenario")
	flag.DurationVar(&o.heartbeat, "heartbeat", 0, "its interval; 0 is what the library has by default")
	flag.UintVar(&o.window, "window", 0, "receive window of a stream in bytes; 0 is what the library has by default")
	flag.Int64Var(&o.streamType, "type", -1, "type of the opened streams (muxado), whose session is typed then")
	flag.Int64Var(&o.bytes, "bytes", 1<<20, "how much a stream sends; bulk: all streams together; soak: at most")
	flag.IntVar(&o.streams, "streams", 1, "how many streams, requests or rounds")
	flag.Int64Var(&o.seed, "seed", 1, "soak: what its random numbers follow from")
	flag.IntVar(&o.concurrency, "concurrency", 64, "open, soak: how many at a time")
	flag.IntVar(&o.chunk, "chunk", 64<<10, "bulk: bytes of one write")
	flag.Uint64Var(&o.pace, "pace", 256<<10, "slow: bytes a second")
	flag.Uint64Var(&o.code, "code", 7, "reset: the code to ask for")
	flag.DurationVar(&o.quiet, "for", 30*time.Second, "idle: how long to be silent")
	flag.Parse()

	start, run := protocols[*proto], scenarios[*name]
	if start == nil || run == nil && *name != "serve" {
		check(fmt.Errorf("this build has no protocol %s, or there is no scenario %s", *proto, *name))
	}
	live := func(conn net.Conn) {
		s, err := start(conn, *role == "client")
		check(err)
		over := make(chan struct{})
		go func() {
			defer close(over)
			// Of raw connections there are too many to tell.
			if err := serve(s, *serveAs); *proto != "raw" {
				tell(event{Event: "session-ended", Error: err.Error()})
			}
		}()
		if run != nil {
			done := run(s)
			done.Event = "done"
			tell(done)
			if !*stay {
				s.Close()
			}
		}
		<-over
	}
	if *stay || run == nil {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	if *dial != "" {
		conn, err := net.Dial("tcp", *dial)
		check(err)
		live(conn)
		return
	}
	listener, err := net.Listen("tcp", *listen)
	check(err)
	tell(event{Event: "listening", Port: listener.Addr().(*net.TCPAddr).Port})
	for {
		conn, err := listener.Accept()
		check(err)
		if run != nil {
			live(conn)
			return
		}
		go live(conn)
	}
}
