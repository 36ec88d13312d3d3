package cmd

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// TestMovable moves a listener between all addresses and its own computer's, while a
// server answers at it. Connections stay.
func TestMovable(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	m := newMovable(l)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}), ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(m) }()
	ask := func(host string) error {
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patienceOfTests}
		r, err := c.Get("http://" + net.JoinHostPort(host, port))
		if err == nil {
			r.Body.Close()
		}
		return err
	}
	other := otherAddress()
	for _, step := range []struct {
		address string
		here    bool
	}{{"127.0.0.1:" + port, true}, {":" + port, false}, {"127.0.0.1:" + port, true}} {
		if err := m.move(t.Context(), step.address); err != nil {
			t.Fatal(err)
		}
		if _, open := urlOf(m.Addr()); open == step.here {
			t.Errorf("at %s it is %s", step.address, m.Addr())
		}
		if err := ask("127.0.0.1"); err != nil {
			t.Errorf("at %s: %v", step.address, err)
		}
		if other != "" && (ask(other) == nil) == step.here {
			t.Errorf("at %s, %s answers: %v", step.address, other, !step.here)
		}
	}
	// What cannot be leaves everything as it is.
	if err := m.move(t.Context(), "192.0.2.1:"+port); err == nil {
		t.Error("it moved to an address of another computer")
	}
	if err := ask("127.0.0.1"); err != nil {
		t.Error(err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		t.Error(err)
	}
}

// otherAddress returns an address of this computer that others reach; "" if there is none.
func otherAddress() string {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	return ""
}
