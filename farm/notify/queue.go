package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// The queue is a folder with a file for each message and receiver. A file is written
// whole or not at all; it is removed when the message arrived. What a crash leaves
// is sent again.

// Bounds of the queue.
const (
	maxWaiting = 1000
	maxAge     = 72 * time.Hour // a message that could not be sent for so long is dropped
	maxFile    = 256 << 10      // bytes of one file; a message is far below
)

// A Delivery is a message on its way to one receiver.
type Delivery struct {
	To       farm.Way  `json:"to"` // without what is secret: the configuration has that
	Message  Message   `json:"message"`
	Created  time.Time `json:"created"`
	Attempts int       `json:"attempts"`
	Next     time.Time `json:"next,omitzero"` // when it is tried again; zero: at once
	Error    string    `json:"error,omitempty"`

	sending bool // guarded by the queue's lock; another goroutine has it
}

// newDelivery addresses a message. A way that the configuration has is kept by its
// name alone, so that a corrected address is used for what waits.
func newDelivery(w farm.Way, m Message) *Delivery {
	to := farm.Way{Name: w.Name, Kind: w.Kind}
	if w.Name == w.URL || slices.Equal(w.To, []string{w.Name}) { // a job names it
		to = w
	}
	return &Delivery{To: to, Message: m, Created: time.Now().UTC()}
}

// file is the name of its file. The same message to the same receiver has the same.
func (d *Delivery) file() string {
	sum := sha256.Sum256([]byte(d.To.Name))
	return d.Message.ID + "-" + hex.EncodeToString(sum[:4]) + ".json"
}

// queue holds what waits to be sent.
type queue struct {
	dir  string
	log  *slog.Logger
	most int // maxWaiting, or less in tests

	mu      sync.Mutex  // guards what follows, and the files; held while a file is written
	waiting []*Delivery // in the order of their making
}

// openQueue reads what is waiting. What cannot be read is left where it is, with a word.
func openQueue(dir string, log *slog.Logger) (*queue, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	q := &queue{dir: dir, log: log, most: maxWaiting}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		d, err := readDelivery(filepath.Join(dir, f.Name()))
		if err != nil {
			log.Warn("a message cannot be read, and is not sent", "file", filepath.Join(dir, f.Name()), "error", err)
			continue
		}
		d.Next = time.Time{} // what was in the way may have been this program, or this computer
		q.waiting = append(q.waiting, d)
	}
	slices.SortStableFunc(q.waiting, func(a, b *Delivery) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.file(), b.file()))
	})
	return q, nil
}

func readDelivery(path string) (*Delivery, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("it has %d bytes", info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var d Delivery
	return &d, json.Unmarshal(text, &d)
}

// put stores messages. When it returns without an error, they are on the disk.
func (q *queue) put(list []*Delivery) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range list {
		if slices.ContainsFunc(q.waiting, func(o *Delivery) bool { return o.file() == d.file() }) {
			continue // a crash, or an error, came between this and the removal of its notice
		}
		if err := q.write(d); err != nil {
			return err
		}
		q.waiting = append(q.waiting, d)
	}
	for len(q.waiting) > q.most {
		i := slices.IndexFunc(q.waiting, func(d *Delivery) bool { return !d.sending })
		q.log.Warn("too many messages wait, and the oldest is dropped", "title", q.waiting[i].Message.Title, "way", q.waiting[i].To.Name)
		q.remove(q.waiting[i])
	}
	return nil
}

func (q *queue) write(d *Delivery) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return fsync.Replace(filepath.Join(q.dir, d.file()), text)
}

// remove takes a message out. If its file stays, it is sent once more after a start.
func (q *queue) remove(d *Delivery) {
	q.waiting = slices.DeleteFunc(q.waiting, func(o *Delivery) bool { return o == d })
	if err := os.Remove(filepath.Join(q.dir, d.file())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		q.log.Warn("a message that was sent cannot be removed from the queue", "error", err)
	}
}

// done takes a message out that arrived, or is given up.
func (q *queue) done(d *Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(d)
}

// again keeps a message for another attempt.
func (q *queue) again(d *Delivery, next time.Time, why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	d.sending, d.Next, d.Error = false, next, farm.CutText(why.Error(), 500)
	d.Attempts++
	if err := q.write(d); err != nil {
		q.log.Warn("the attempt to send a message cannot be noted", "error", err)
	}
}

// take returns what can be sent now, one message of each receiver, and how long it
// is until more can. The caller calls done or again for each.
func (q *queue) take(now time.Time, most int) (due []*Delivery, next time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	busy := map[string]bool{}
	for _, d := range q.waiting {
		busy[d.To.Name] = busy[d.To.Name] || d.sending
	}
	next = maxAge
	for _, d := range q.waiting {
		switch wait := d.Next.Sub(now); {
		case d.sending || busy[d.To.Name]: // its end looks again
		case wait > 0:
			next = min(next, wait)
		case len(due) < most:
			d.sending, busy[d.To.Name] = true, true
			due = append(due, d)
		}
	}
	return due, next
}

// list returns copies of what waits.
func (q *queue) list() []Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Delivery, len(q.waiting))
	for i, d := range q.waiting {
		list[i] = *d
	}
	return list
}
