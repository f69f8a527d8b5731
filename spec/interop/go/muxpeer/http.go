package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// listener makes the streams of a session connections of an http.Server.
type listener struct{ session }

func (l listener) Accept() (net.Conn, error) { return l.session.Accept() }
func (l listener) Addr() net.Addr            { return &net.TCPAddr{} }

// serveHTTP answers GET /bytes?n= with n bytes, whose SHA-256 is in a header, and POST /echo with the body.
func serveHTTP(s session) error {
	routes := http.NewServeMux()
	routes.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		hash := sha256.New()
		io.Copy(hash, random(n, n))
		w.Header().Set("X-Sha256", hex.EncodeToString(hash.Sum(nil)))
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		io.Copy(w, random(n, n))
	})
	routes.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			w.Write(body)
		}
	})
	return http.Serve(listener{s}, routes)
}

// requestHTTP has each of the two requests answered, as often as wanted.
func requestHTTP(s session) event {
	dial := func(context.Context, string, string) (net.Conn, error) { return s.Open() }
	client := http.Client{Transport: &http.Transport{DialContext: dial}}
	defer client.CloseIdleConnections()
	sent, _ := io.ReadAll(random(1, o.bytes))
	read := func(response *http.Response, err error) ([]byte, http.Header) {
		check(err)
		body, err := io.ReadAll(response.Body)
		check(err)
		if response.StatusCode != http.StatusOK {
			check(fmt.Errorf("%s: %s", response.Status, body))
		}
		return body, response.Header
	}
	for n := 0; n < o.streams; n++ {
		body, head := read(client.Get(fmt.Sprintf("http://stream/bytes?n=%d", o.bytes)))
		if sum := sha256.Sum256(body); int64(len(body)) != o.bytes || hex.EncodeToString(sum[:]) != head.Get("X-Sha256") {
			check(fmt.Errorf("GET had %d bytes with hash %x", len(body), sum))
		}
		back, _ := read(client.Post("http://stream/echo", "application/octet-stream", bytes.NewReader(sent)))
		if !bytes.Equal(back, sent) {
			check(fmt.Errorf("POST had %d bytes, and other ones", len(back)))
		}
	}
	return event{Bytes: o.bytes, Streams: o.streams}
}
