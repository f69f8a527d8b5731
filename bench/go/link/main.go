// A link between two network namespaces: delay, rate, a queue and random loss, the same in both directions. It needs root and /dev/net/tun,
// and answers the questions of bench/lib/child.mjs: "rate MBIT" and "loss PERCENT" change the link, "stop MS" carries nothing for a while.
// It removes the namespaces when its standard input ends.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	mtuBytes  = 1500
	flagTun   = 0x0001
	flagNoPI  = 0x1000
	tunSetIff = 0x400454ca
)

type packet struct {
	due   time.Time
	bytes []byte
}

// What both directions go by; it may change while packets are on their way.
type link struct {
	mu           sync.Mutex
	delay        time.Duration
	mbits        float64
	queueBytes   int
	lossPercent  float64
	stoppedUntil time.Time
}

// One direction. A packet leaves the queue at the link's rate, and arrives a delay later.
func (l *link) carry(from, to int) {
	underWay := make(chan packet, 1<<17)
	go func() {
		for p := range underWay {
			time.Sleep(time.Until(p.due))
			syscall.Write(to, p.bytes)
		}
	}()
	// When the last packet has left the queue.
	free := time.Now()
	buffer := make([]byte, 65536)
	for {
		n, err := syscall.Read(from, buffer)
		if err != nil {
			return
		}
		now := time.Now()
		l.mu.Lock()
		if free.Before(now) {
			free = now
		}
		if free.Before(l.stoppedUntil) {
			free = l.stoppedUntil
		}
		left := free
		if l.mbits > 0 {
			left = free.Add(time.Duration(float64(n) * 8e3 / l.mbits))
		}
		isLost := rand.Float64()*100 < l.lossPercent
		isFull := l.mbits > 0 && free.Sub(now).Seconds()*l.mbits*1e6/8 > float64(l.queueBytes)
		due := left.Add(l.delay)
		l.mu.Unlock()
		if isLost || isFull {
			continue
		}
		free = left
		underWay <- packet{due, append([]byte(nil), buffer[:n]...)}
	}
}

func tun(name string) int {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR, 0)
	if err != nil {
		log.Fatal("/dev/net/tun: ", err)
	}
	var request [40]byte
	copy(request[:15], name)
	*(*uint16)(unsafe.Pointer(&request[16])) = flagTun | flagNoPI
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), tunSetIff, uintptr(unsafe.Pointer(&request[0]))); e != 0 {
		log.Fatal("TUNSETIFF: ", e)
	}
	return fd
}

func ip(arguments string) {
	if out, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput(); err != nil {
		log.Fatalf("ip %s: %v %s", arguments, err, out)
	}
}

// A namespace with one end of the link in it.
func namespace(name, address, peer string) int {
	fd := tun(name)
	ip("netns add " + name)
	ip("link set " + name + " netns " + name)
	ip("-n " + name + " link set lo up")
	ip("-n " + name + " addr add " + address + " peer " + peer + " dev " + name)
	ip("-n " + name + fmt.Sprintf(" link set %s up mtu %d txqueuelen 10000", name, mtuBytes))
	return fd
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	name := flag.String("name", "rxmux", "of the namespaces, with a or b behind it")
	delay := flag.Duration("delay", 50*time.Millisecond, "one way")
	mbits := flag.Float64("rate", 0, "Mbit/s each way, 0 without a bound")
	queue := flag.Int("queue", 1<<20, "bytes that wait for the link; more are dropped")
	loss := flag.Float64("loss", 0, "percent of packets, each way")
	flag.Parse()
	l := &link{delay: *delay, mbits: *mbits, queueBytes: *queue, lossPercent: *loss}
	near, far := *name+"a", *name+"b"
	a := namespace(near, "10.99.0.1", "10.99.0.2")
	b := namespace(far, "10.99.0.2", "10.99.0.1")
	go l.carry(a, b)
	go l.carry(b, a)
	fmt.Printf("{\"near\":%q,\"far\":%q,\"host\":\"10.99.0.2\"}\n", near, far)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		l.mu.Lock()
		switch words[0] {
		case "rate":
			l.mbits = number(words[1])
		case "loss":
			l.lossPercent = number(words[1])
		case "stop":
			l.stoppedUntil = time.Now().Add(time.Duration(number(words[1])) * time.Millisecond)
		}
		l.mu.Unlock()
		fmt.Println("{}")
	}
	ip("netns del " + near)
	ip("netns del " + far)
}
