package jsjobs

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"renderfarm/farm"
)

// What a library and the process that runs its scripts say to each other are
// frames: a length of four bytes, a byte for what it is, and the content. All
// but tasks is small and JSON; tasks are many, and have a form of their own.

// protocol is what both sides must agree on. They are the same program, unless
// its file was replaced while it runs.
const protocol = "1"

// A frameKind says what a frame is.
type frameKind byte

const (
	frameOrder  frameKind = 'o' // to the child: run a script (order)
	frameFile   frameKind = 'f' // to the child: the answer to frameRead (file)
	frameBegun  frameKind = 'b' // the order was understood
	frameRead   frameKind = 'r' // which of these files is there first? (list of names)
	frameLine   frameKind = 'l' // the script prints (line)
	frameTasks  frameKind = 't' // some tasks of the plan (appendTask)
	frameDone   frameKind = 'd' // it ran (outcome); nothing follows
	frameFailed frameKind = 'e' // it did not (failure); nothing follows
)

// order is what a child is to run.
type order struct {
	File    string
	Source  string
	Job     *farm.Submission // nil: only tell the job type
	Timeout time.Duration    // of computing
	Memory  uint64           // bytes
}

// file is a file of the scripts' folder.
type file struct {
	Name  string // "" if there is none
	Text  string
	Error string // why it cannot be read, or ""
}

// line is what a script prints.
type line struct {
	Text    string
	Warning bool
}

// outcome is what is left when a script has run.
type outcome struct {
	Type map[string]any   // JOB_TYPE, when only that was asked for
	Job  *farm.Submission // as the script changed it
}

// failure is why a script could not run to its end.
type failure struct {
	Kind    farm.Kind
	Message string
	Last    bool // the child ends with it
}

// conn is one end of the connection.
type conn struct {
	r *bufio.Reader

	mu sync.Mutex // guards w: frames are written whole
	w  io.Writer
}

func newConn(r io.Reader, w io.Writer) *conn {
	return &conn{r: bufio.NewReaderSize(r, 64<<10), w: w}
}

// send writes a frame.
func (c *conn) send(kind frameKind, content []byte) error {
	frame := make([]byte, 5, 5+len(content))
	binary.LittleEndian.PutUint32(frame, uint32(len(content)))
	frame[4] = byte(kind)
	frame = append(frame, content...)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.w.Write(frame)
	return err
}

// sendJSON writes a frame with v.
func (c *conn) sendJSON(kind frameKind, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.send(kind, content)
}

// receive reads a frame of at most so many bytes.
func (c *conn) receive(most int) (frameKind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	if n > most {
		return 0, nil, fmt.Errorf("a frame of %d bytes: at most %d are allowed", n, most)
	}
	content := make([]byte, n)
	_, err := io.ReadFull(c.r, content)
	return frameKind(head[4]), content, err
}

// appendTask writes a task:
//
//	name | type | priority | needs: n x (first − end of the one before, length) | commands: n x (name | steps | parameters as JSON)
func appendTask(b []byte, t *farm.PlannedTask) []byte {
	b = appendText(b, t.Name)
	b = appendText(b, t.Type)
	b = binary.AppendVarint(b, int64(t.Priority))
	b = appendNeeds(b, t.Needs)
	b = binary.AppendUvarint(b, uint64(len(t.Commands)))
	for i := range t.Commands {
		c := &t.Commands[i]
		b = appendText(b, c.Name)
		b = binary.AppendUvarint(b, uint64(c.Steps))
		b = binary.AppendUvarint(b, uint64(len(c.Encoded)))
		b = append(b, c.Encoded...)
	}
	return b
}

// appendNeeds writes ascending indexes as runs: a video needs all frames.
func appendNeeds(b []byte, needs []int) []byte {
	runs := 0
	for i := range needs {
		if i == 0 || needs[i] != needs[i-1]+1 {
			runs++
		}
	}
	b = binary.AppendUvarint(b, uint64(runs))
	end := 0
	for i := 0; i < len(needs); {
		n := 1
		for i+n < len(needs) && needs[i+n] == needs[i]+n {
			n++
		}
		b = binary.AppendUvarint(b, uint64(needs[i]-end))
		b = binary.AppendUvarint(b, uint64(n))
		end = needs[i] + n
		i += n
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errFrame = errors.New("a frame is cut short")

// fields reads what appendTask wrote. The first mistake sticks.
type fields struct {
	rest []byte
	err  error
	seen map[string]string // short texts, which many tasks have in common
}

// task reads one task. Parameters are parts of the frame.
func (f *fields) task() farm.PlannedTask {
	t := farm.PlannedTask{Name: string(f.bytes()), Type: f.common(), Priority: int(f.varint())}
	t.Needs = f.needs()
	n := f.count(len(f.rest))
	for range n {
		t.Commands = append(t.Commands, farm.Command{Name: f.common(), Steps: f.count(maxTasks), Encoded: f.bytes()})
	}
	return t
}

func (f *fields) needs() (needs []int) {
	at := 0
	for range f.count(maxTasks) {
		at += f.count(maxTasks)
		n := f.count(maxTasks)
		if len(needs)+n > maxTasks {
			f.fail()
		}
		for i := 0; i < n && f.err == nil; i++ {
			needs = append(needs, at+i)
		}
		at += n
	}
	return needs
}

// common reads a text that is kept once.
func (f *fields) common() string {
	b := f.bytes()
	s, ok := f.seen[string(b)]
	if !ok {
		s = string(b)
		if len(f.seen) < 100 {
			f.seen[s] = s
		}
	}
	return s
}

func (f *fields) bytes() []byte {
	n := f.count(len(f.rest))
	if n > len(f.rest) { // the count itself took some
		f.fail()
		return nil
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) count(most int) int {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 || v > uint64(most) {
		f.fail()
		return 0
	}
	f.rest = f.rest[n:]
	return int(v)
}

func (f *fields) varint() int64 {
	v, n := binary.Varint(f.rest)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *fields) fail() {
	f.err, f.rest = errFrame, nil
}
