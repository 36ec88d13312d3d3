package server_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm/access"
	"renderfarm/farm/api"
	"renderfarm/farm/server"
)

// listen serves a manager as the program does, and returns its address, and the
// fingerprint of its certificate if it is encrypted.
func listen(t *testing.T, handler http.Handler, encrypted bool) (address, fingerprint string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: handler, ConnContext: server.ConnContext, ReadHeaderTimeout: time.Minute}
	if encrypted {
		certFile, keyFile, err := access.SelfMade(filepath.Join(t.TempDir(), "tls"), []string{"127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		cert, err := access.OpenCertificate(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		srv.TLSConfig, fingerprint = &tls.Config{Certificates: []tls.Certificate{cert}}, api.Fingerprint(cert.Certificate[0])
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !encrypted {
			srv.Serve(server.Bounded(l, false))
			return
		}
		srv.ServeTLS(server.Bounded(l, true), "", "")
	}()
	t.Cleanup(func() {
		srv.Close()
		<-done
	})
	return l.Addr().String(), fingerprint
}

// TestBeginningConnections opens connections that say nothing. Beyond the bound the oldest goes, and who
// says what they want is answered.
func TestBeginningConnections(t *testing.T) {
	address, _ := listen(t, newServer(t).server, false)
	dial := func() net.Conn {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	ask := func(c net.Conn) string {
		fmt.Fprint(c, "GET /api/v3/version HTTP/1.1\r\nHost: farm\r\n\r\n")
		line, _ := bufio.NewReader(c).ReadString('\n') // "" if it was closed before
		return line
	}
	var silent []net.Conn
	for range server.MaxBeginningOfAClient {
		silent = append(silent, dial())
	}
	for range 10 {
		if got := ask(dial()); !strings.Contains(got, " 200 ") {
			t.Fatalf("one more is answered %q", got)
		}
	}
	if got := ask(silent[0]); got != "" {
		t.Errorf("the oldest is answered %q", got)
	}
	if got := ask(silent[len(silent)-1]); !strings.Contains(got, " 200 ") {
		t.Errorf("the newest is answered %q", got)
	}
}

// TestPlainOnEncrypted asks without encryption where there is some.
func TestPlainOnEncrypted(t *testing.T) {
	address, _ := listen(t, newServer(t).server, true)
	for _, c := range []struct{ request, status, location string }{
		{"GET /app/?x=y HTTP/1.1\r\nHost: farm.local:8080\r\n\r\n", "307", "https://farm.local:8080/app/?x=y"},
		{"GET / HTTP/1.1\r\nHost: \r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400", ""},
		{"POST /api/v3/jobs HTTP/1.1\r\nHost: farm\r\nContent-Length: 3\r\n\r\nabc", "400", ""},
		{"nonsense\r\n\r\n", "", ""},
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, c.request)
		all, err := io.ReadAll(conn)
		conn.Close()
		if err != nil {
			t.Errorf("%q: %v", c.request, err)
		}
		if !strings.HasPrefix(string(all), strings.TrimSpace("HTTP/1.1 "+c.status)) && c.status != "" || c.location != "" && !strings.Contains(string(all), "Location: "+c.location+"\r\n") ||
			c.status != "" && !strings.Contains(string(all), "https://") {
			t.Errorf("%q is answered %q", c.request, all)
		}
	}
}

// TestPinned has clients that know the certificate, another one, and none; those that
// get in use HTTP/2, with the stream of events and a request that waits.
func TestPinned(t *testing.T) {
	s := newServer(t)
	id := s.worker()
	address, fingerprint := listen(t, s.server, true)
	for _, c := range []struct{ address, fingerprint, refused string }{
		{"https://" + address, "SHA256:" + strings.ToUpper(fingerprint), ""},
		{address, fingerprint, ""}, // without a scheme
		{"https://" + address, strings.Repeat("0", 64), "fingerprint " + fingerprint},
		{"https://" + address, "", "certificate"},
		{"http://" + address, "", "https://" + address},
	} {
		client, err := api.NewPinned(c.address, c.fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.GetVersion(t.Context())
		if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s with %q: %v", c.address, c.fingerprint, err)
		}
		client.HTTP.CloseIdleConnections()
	}
	if _, err := api.NewPinned("http://"+address, fingerprint); err == nil {
		t.Error("a fingerprint for a manager without encryption is not refused")
	}

	client, err := api.NewPinned("https://"+address, fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	defer client.HTTP.CloseIdleConnections()
	res, err := client.HTTP.Get("https://" + address + "/api/v3/version")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.ProtoMajor != 2 {
		t.Errorf("it speaks %s", res.Proto)
	}
	stream, err := client.Events(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if m := <-stream.Messages; m.Name != "hello" {
		t.Errorf("the stream begins with %q", m.Name)
	}
	worker := client.WithCredentials("", "")
	worker.User, worker.Password = id, secret
	answers := make(chan api.TaskAnswer, 1)
	go func() {
		a, err := worker.ScheduleTask(t.Context(), time.Minute)
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	s.submit()
	if a := <-answers; a.Task == nil {
		t.Errorf("the request that waited is answered %+v", a)
	}
}
