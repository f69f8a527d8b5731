package yamux

import (
	"io"
	"net"
	"relayed"
	"sync"
	"time"
)

// How long a test may wait for what happens at once when both ends share a process.
const patience = 30 * time.Second

// pipeConn is one end of a connection whose writes a test can block.
type pipeConn struct {
	net.Conn
	writeBlocker sync.Mutex
}

func (p *pipeConn) Write(b []byte) (int, error) {
	p.writeBlocker.Lock()
	defer p.writeBlocker.Unlock()
	return p.Conn.Write(b)
}

func testConn() (io.ReadWriteCloser, io.ReadWriteCloser) {
	client, server, err := relayed.Pipe()
	if err != nil {
		panic(err)
	}
	return &pipeConn{Conn: client}, &pipeConn{Conn: server}
}

// testConf has a longer write timeout than the library's tests, which also bounds a ping: the machine may be busy.
func testConf() *Config {
	conf := DefaultConfig()
	conf.AcceptBacklog = 64
	conf.KeepAliveInterval = 100 * time.Millisecond
	conf.ConnectionWriteTimeout = 2 * time.Second
	return conf
}

// until waits for a condition, for as long as patience lasts.
func until(isMet func() bool) {
	for deadline := time.Now().Add(patience); !isMet() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// streamsLeft counts the streams once the ends that are under way have arrived.
func streamsLeft(s *Session) int {
	until(func() bool { return s.NumStreams() == 0 })
	return s.NumStreams()
}

// readFull fills the buffer or reads to the end: a relay may cut bytes into other pieces than they were written in.
func readFull(s net.Conn, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = s.Read(b[n:])
		n += more
	}
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// readClosed reads a stream that has half-closed: the library calls that EOF until bytes are there.
func readClosed(s net.Conn, b []byte) (n int, err error) {
	until(func() bool {
		st := s.(*Stream)
		st.stateLock.Lock()
		isOver := st.state == streamClosed
		st.stateLock.Unlock()
		n, err = s.Read(b)
		return err != io.EOF || isOver
	})
	return n, err
}
