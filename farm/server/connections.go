package server

import (
	"bufio"
	"bytes"
	"container/list"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"renderfarm/farm/api"
	"renderfarm/farm/slots"
)

// A connection costs memory and a file handle before it says anything. So there is a bound on
// all of them, and a smaller one on those whose first request has not come to its end, which
// also holds handshakes. How long these last is bounded by http.Server.ReadHeaderTimeout; if too
// many come meanwhile, the oldest goes, so that who says at once what they want gets through.
const (
	maxConnections, maxConnectionsOfAClient = 8192, 4096
	maxBeginning, maxBeginningOfAClient     = 1024, 512

	tlsHandshake = 22       // the first byte of every TLS connection (RFC 8446 §5.1)
	maxPlain     = 16 << 10 // bytes of a request without encryption that are read to answer it
)

// connections are those of a listener.
type connections struct {
	net.Listener
	encrypted bool
	open      *slots.Slots
	beginning beginners
}

// Bounded returns a listener that refuses connections beyond the bounds. If they are
// encrypted, a request that is not is told so; a browser is led to the encrypted address.
// The http.Server has to have ConnContext.
func Bounded(l net.Listener, encrypted bool) net.Listener {
	return &connections{Listener: l, encrypted: encrypted, open: slots.New(maxConnections, maxConnectionsOfAClient), beginning: beginners{of: map[string]int{}}}
}

// Accept returns the next connection that there is room for.
func (l *connections) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		name := accepted.RemoteAddr().String()
		if from, err := netip.ParseAddrPort(name); err == nil {
			name = network(from.Addr())
		}
		if left, ok := l.open.TryTake(name); ok {
			c := &conn{Conn: accepted, name: name, encrypted: l.encrypted, left: left, beginners: &l.beginning}
			l.beginning.add(c)
			return c, nil
		}
		if !l.encrypted { // a new connection has room for this line
			io.WriteString(accepted, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n")
		}
		accepted.Close()
	}
}

// A conn is one connection.
type conn struct {
	net.Conn
	encrypted bool // and so its first byte has to be looked at
	looked    bool // used by the reader only

	name      string // of its client
	once      sync.Once
	left      func() // gives back its place
	beginners *beginners
	place     *list.Element // among beginners, whose mutex guards it; nil: not there
}

// Close gives back what the connection has.
func (c *conn) Close() error {
	c.begin()
	c.once.Do(c.left)
	return c.Conn.Close()
}

// begin says that a whole request came over the connection.
func (c *conn) begin() { c.beginners.remove(c) }

// beginners are the connections whose first request has not come.
type beginners struct {
	mu  sync.Mutex     // guards what follows; nothing is taken while it is held
	all list.List      // of *conn, the oldest first
	of  map[string]int // how many of each client
}

// add puts a new connection to the others, of which the oldest may have to go: one of
// its client, or of all.
func (b *beginners) add(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.all.Front()
	ownFull := b.of[c.name] >= maxBeginningOfAClient
	for ownFull && e.Value.(*conn).name != c.name {
		e = e.Next()
	}
	if ownFull || b.all.Len() >= maxBeginning {
		old := e.Value.(*conn)
		b.drop(old)
		old.Conn.Close() // who serves it sees that, and closes it altogether
	}
	c.place = b.all.PushBack(c)
	b.of[c.name]++
}

func (b *beginners) remove(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.place != nil {
		b.drop(c)
	}
}

// drop is remove for who has the mutex.
func (b *beginners) drop(c *conn) {
	b.all.Remove(c.place)
	c.place = nil
	if b.of[c.name]--; b.of[c.name] == 0 {
		delete(b.of, c.name)
	}
}

// ReadFrom has the system send files by itself, as without this type.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// CloseWrite tells the other side that nothing more comes.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Read reads, and answers what is not encrypted and should be.
func (c *conn) Read(p []byte) (int, error) {
	if !c.encrypted || c.looked || len(p) == 0 {
		return c.Conn.Read(p)
	}
	n, err := c.Conn.Read(p[:1])
	if n == 0 {
		return n, err
	}
	c.looked = true
	if p[0] == tlsHandshake {
		return n, err
	}
	c.answerPlain(p[0])
	return 0, io.EOF
}

// answerPlain answers a request without encryption, whose first byte was read.
func (c *conn) answerPlain(first byte) {
	r := bufio.NewReader(io.MultiReader(bytes.NewReader([]byte{first}), io.LimitReader(c.Conn, maxPlain)))
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	// Whom the answer names has to be an address; what else it is does not matter here.
	to := "https://" + req.Host
	text := "this manager speaks HTTPS only: write its address with https://"
	status, where := http.StatusBadRequest, ""
	if (req.Method == http.MethodGet || req.Method == http.MethodHead) && api.IsAddress(to) {
		status, where = http.StatusTemporaryRedirect, "Location: "+to+req.URL.RequestURI()+"\r\n"
	}
	body, _ := json.Marshal(api.Error{Code: status, Message: text})
	fmt.Fprintf(c.Conn, "HTTP/1.1 %d %s\r\n%sContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), where, len(body), body)
	c.CloseWrite()
	io.CopyN(io.Discard, c.Conn, maxPlain) // what is not read makes the system throw the answer away
}

type connKey struct{}

// ConnContext is for the http.Server of a Bounded listener.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// begun tells the request's connection that a request came.
func begun(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.begin()
	}
}

// network returns by which name a client is counted: its address, or the network of
// 2^64 addresses that a computer with IPv6 can choose from.
func network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	if p, err := ip.Prefix(64); err == nil {
		return p.String()
	}
	return ip.String()
}
