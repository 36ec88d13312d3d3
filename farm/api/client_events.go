package api

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/url"

	"renderfarm/farm"
)

// A Message is one server-sent event of the manager.
type Message struct {
	Name string // "job", "task", … or "reset": events were missed, so look at everything again
	Data []byte // JSON, by the name
}

// An EventStream is one connection to the manager's stream of events. It ends
// when the connection breaks; what happened until a new one is not in that.
type EventStream struct {
	Messages <-chan Message // closed at the end
	body     io.ReadCloser
	cancel   context.CancelFunc
}

// Events opens the stream of the events of a job, "" for those of all. The
// caller closes it. A compatible manager, which has none, answers with an *Error.
func (c *Client) Events(ctx context.Context, job farm.JobID) (*EventStream, error) {
	path := "/api/farm/events"
	if job != "" {
		path += "?" + url.Values{"job": {string(job)}}.Encode()
	}
	body, err := c.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	// The reader blocks in the network, and those who follow must not.
	messages := make(chan Message)
	go readMessages(ctx, body, messages)
	return &EventStream{messages, body, cancel}, nil
}

// Close ends the stream, and returns when nothing of it is left running.
func (s *EventStream) Close() {
	s.cancel()
	s.body.Close()
	for range s.Messages { // until the reader has gone
	}
}

// maxMessage bounds one line of the stream, in bytes.
const maxMessage = 1 << 20

// readMessages reads server-sent events (WHATWG HTML §9.2) until the stream
// breaks or the context ends, and closes the channel.
func readMessages(ctx context.Context, r io.Reader, to chan<- Message) {
	defer close(to)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxMessage)
	var m Message
	for lines.Scan() {
		line := lines.Bytes()
		if name, ok := bytes.CutPrefix(line, []byte("event: ")); ok {
			m.Name = string(name)
		} else if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			m.Data = bytes.Clone(data)
		} else if len(line) == 0 && m.Name != "" {
			select {
			case to <- m:
			case <-ctx.Done():
				return
			}
			m = Message{}
		}
	}
}
