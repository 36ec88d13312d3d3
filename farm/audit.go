package farm

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Actor is who asked for a change, as far as that is known: nobody proves who
// they are. The zero value is the manager itself.
type Actor struct {
	Name    string `json:"name,omitempty"`    // as the caller gives it; at most MaxActor bytes
	Address string `json:"address,omitempty"` // IP address
	Agent   string `json:"agent,omitempty"`   // the program; at most MaxActor bytes
}

// Who is what people call the actor: its name, or else its address; "" if neither is known.
func (a Actor) Who() string { return cmp.Or(a.Name, a.Address) }

// Change is an entry of an audit: what somebody did to a job or a worker.
type Change struct {
	Time time.Time `json:"time"` // UTC, to the millisecond
	By   Actor     `json:"by"`
	What string    `json:"what"` // one line for people, at most MaxActivity bytes
}

// Bounds of audits.
const (
	MaxActor = 80  // bytes of a name, and of a program
	MaxAudit = 200 // changes kept of one job or worker; older ones are counted only
)

// Audit is what was done to a job or a worker, the oldest first.
type Audit struct {
	Changes []Change
	Dropped int // older changes that are not kept
}

// CleanActor makes an actor of what a stranger says: bounded, valid UTF-8, on one
// line, and without characters that a terminal could take for commands.
func CleanActor(name, address, agent string) Actor {
	return Actor{Name: printable(name), Address: printable(address), Agent: printable(agent)}
}

func printable(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, text[:min(len(text), 4*MaxActor)]))
	for len(text) > MaxActor {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
