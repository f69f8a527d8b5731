// An HTTP server over net/http, alone ("plain") or behind cmux ("cmux") with the matchers that the rxmux server has.
// It answers the questions of bench/lib/child.mjs.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/soheilhy/cmux"
)

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Write([]byte("hello"))
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := listener
	if os.Args[1] == "cmux" {
		mux := cmux.New(listener)
		mux.Match(cmux.HTTP2HeaderField("content-type", "application/grpc"))
		served = mux.Match(cmux.HTTP1Fast())
		go mux.Serve()
	}
	go http.Serve(served, http.HandlerFunc(hello))
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
		var usage syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		micros := (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
		fmt.Printf("{\"cpuMicros\":%d}\n", micros)
	}
}
