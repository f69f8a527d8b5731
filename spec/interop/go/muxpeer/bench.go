package main

import (
	"io"
	"sort"
	"sync"
	"time"
)

// together does work as often as told, all at the same time; gives the seconds until the last was done.
func together(times int, work func(n int)) float64 {
	started := time.Now()
	var all sync.WaitGroup
	all.Add(times)
	for n := 0; n < times; n++ {
		go func(n int) {
			defer all.Done()
			work(n)
		}(n)
	}
	all.Wait()
	return time.Since(started).Seconds()
}

// bulk sends the bytes over some streams at once, until the other end has said of each that it has read all.
func bulk(s session) event {
	share := o.bytes / int64(o.streams)
	seconds := together(o.streams, func(int) {
		st, chunk := open(s, kindSink, uint64(share)), make([]byte, o.chunk)
		for left := share; left > 0; left -= int64(len(chunk)) {
			if left < int64(len(chunk)) {
				chunk = chunk[:left]
			}
			_, err := st.Write(chunk)
			check(err)
		}
		_, err := io.ReadFull(st, make([]byte, 1))
		check(err)
		st.Close()
	})
	return event{Bytes: share * int64(o.streams), Streams: o.streams, Seconds: seconds}
}

// openRate opens streams, has 64 bytes echoed on each and closes it, some at a time.
func openRate(s session) event {
	share := o.streams / o.concurrency
	seconds := together(o.concurrency, func(int) {
		message := make([]byte, 64)
		for n := 0; n < share; n++ {
			st, err := s.Open()
			check(err)
			_, err = st.Write(append(header(kindEcho, 0), message...))
			check(err)
			_, err = io.ReadFull(st, message)
			check(err)
			check(st.Close())
		}
	})
	return event{Streams: share * o.concurrency, Seconds: seconds}
}

// pingpong has 64 bytes echoed on one stream, again and again.
func pingpong(s session) event {
	st, message, micros := open(s, kindEcho, 0), make([]byte, 64), make([]float64, o.streams)
	seconds := together(1, func(int) {
		for n := range micros {
			sent := time.Now()
			_, err := st.Write(message)
			check(err)
			_, err = io.ReadFull(st, message)
			check(err)
			micros[n] = float64(time.Since(sent).Nanoseconds()) / 1e3
		}
	})
	sort.Float64s(micros)
	p50, p99 := micros[len(micros)/2], micros[len(micros)*99/100]
	return event{Streams: o.streams, Seconds: seconds, P50Micros: p50, P99Micros: p99}
}
