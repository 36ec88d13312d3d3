package notify

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"renderfarm/farm"
)

// A postOffice is a mail server, and what it was given.
type postOffice struct {
	letters chan letter
}

type letter struct {
	user, from string
	to         []string
	text       string
	encrypted  bool
}

// An errand is one connection to it.
type errand struct {
	office *postOffice
	conn   *smtp.Conn
	letter letter
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &errand{office: p, conn: c}, nil
}

func (e *errand) AuthMechanisms() []string { return []string{sasl.Plain} }

func (e *errand) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "farm" || password != "secret" {
			return errors.New("who is that?")
		}
		e.letter.user = user
		return nil
	}), nil
}

func (e *errand) Mail(from string, _ *smtp.MailOptions) error { e.letter.from = from; return nil }

func (e *errand) Rcpt(to string, _ *smtp.RcptOptions) error {
	e.letter.to = append(e.letter.to, to)
	return nil
}

func (e *errand) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	_, e.letter.encrypted = e.conn.TLSConnectionState()
	e.letter.text = string(text)
	e.office.letters <- e.letter
	return err
}

func (e *errand) Reset() {}

func (e *errand) Logout() error { return nil }

// TestMail hands a mail in at a mail server, encrypted with STARTTLS and with a password.
func TestMail(t *testing.T) {
	office := &postOffice{letters: make(chan letter, 1)}
	server := smtp.NewServer(office)
	server.Domain, server.TLSConfig = "localhost", &tls.Config{Certificates: []tls.Certificate{certificate}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	defer server.Close()
	config := farm.MailServer{Server: l.Addr().String(), From: "farm@studio.example", Username: "farm", Password: "secret"}
	n := newNotifier(t, farm.Notifications{Mail: config})
	m := message()
	if err := n.deliver(t.Context(), farm.Way{Kind: farm.WayMail, To: []string{"td@studio.example", "me@studio.example"}}, &m); err != nil {
		t.Fatal(err)
	}
	got := <-office.letters
	if !got.encrypted || got.user != "farm" || got.from != "farm@studio.example" || len(got.to) != 2 {
		t.Errorf("%+v", got)
	}
	read, err := mail.ReadMessage(strings.NewReader(got.text))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(read.Body)
	if err != nil || !strings.Contains(read.Header.Get("Subject"), "failed") || read.Header.Get("Message-ID") != "<"+m.ID+"@farm.invalid>" ||
		!strings.Contains(string(body), "gpu-memory") || !strings.Contains(string(body), "/app/jobs/") {
		t.Errorf("%v: %v\n%s", err, read.Header, body)
	}

	config.Password = "wrong"
	n = newNotifier(t, farm.Notifications{Mail: config})
	if err := n.deliver(t.Context(), farm.Way{Kind: farm.WayMail, To: []string{"td@studio.example"}}, &m); err == nil {
		t.Error("a wrong password was taken")
	}
	// Without encryption on the other side, nothing is said.
	server.TLSConfig = nil
	if err := n.deliver(t.Context(), farm.Way{Kind: farm.WayMail, To: []string{"td@studio.example"}}, &m); err == nil {
		t.Error("a mail was sent in the clear")
	}
}
