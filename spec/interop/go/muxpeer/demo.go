package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Scenarios for a server that knows nothing of traffic headers: rxmux demo.
func init() {
	// All bytes of a stream come back, from the first on.
	scenarios["plain"] = func(s session) event {
		st, err := s.Open()
		check(err)
		defer st.Close()
		sum := echo(st, random(1, o.bytes), 0)
		check(st.CloseWrite())
		checkEnd(st)
		return event{Bytes: o.bytes, Sha256: sum}
	}

	// The demo's own pages, over streams: tells how it was greeted.
	scenarios["web"] = func(s session) event {
		dial := func(context.Context, string, string) (net.Conn, error) { return s.Open() }
		client := http.Client{Transport: &http.Transport{DialContext: dial}}
		defer client.CloseIdleConnections()
		read := func(response *http.Response, err error) []byte {
			check(err)
			body, err := io.ReadAll(response.Body)
			check(err)
			return body
		}
		sent, _ := io.ReadAll(random(1, o.bytes))
		back := read(client.Post("http://stream/echo", "application/octet-stream", bytes.NewReader(sent)))
		if !bytes.Equal(back, sent) {
			check(fmt.Errorf("POST had %d bytes, and other ones", len(back)))
		}
		return event{Bytes: o.bytes, Text: string(read(client.Get("http://stream/hello/go")))}
	}
}
