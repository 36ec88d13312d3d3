package jsjobs

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
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
	frameCount  frameKind = 'n' // how many tasks the plan has (four bytes)
	frameTasks  frameKind = 't' // some of them (taskWriter)
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

// A taskWriter writes tasks, and keeps what they have in common.
type taskWriter struct {
	share *sharer
	text  []byte // of one command
}

// append writes a task:
//
//	name | type | priority | needs: n x (first − end of the one before, length) | commands: n x (name | steps | head | tail | rest)
//
// The parameters of a command are JSON: so many bytes as another command has
// at its beginning, head, and at its end, tail, around the rest (sharer).
func (w *taskWriter) append(b []byte, t *farm.PlannedTask) []byte {
	b = appendText(b, t.Name)
	b = appendText(b, t.Type)
	b = binary.AppendVarint(b, int64(t.Priority))
	b = appendNeeds(b, t.Needs)
	b = binary.AppendUvarint(b, uint64(len(t.Commands)))
	for i := range t.Commands {
		c := &t.Commands[i]
		b = appendText(b, c.Name)
		b = binary.AppendUvarint(b, uint64(c.Steps))
		w.text = c.Encoded.Append(w.text[:0])
		pieces, head, tail := w.share.split(c.Name, w.text)
		b = binary.AppendUvarint(b, uint64(head))
		b = binary.AppendUvarint(b, uint64(tail))
		if head == 0 {
			b = appendText(b, pieces[0])
		} else {
			b = appendText(b, pieces[1])
		}
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

// A taskReader reads what a taskWriter wrote. The first mistake sticks.
type taskReader struct {
	rest  []byte
	err   error
	total int               // needs of all tasks
	seen  map[string]string // short texts, which many tasks have in common
	share *sharer
}

func newTaskReader() *taskReader { return &taskReader{seen: map[string]string{}, share: newSharer()} }

// task reads one task.
func (f *taskReader) task() farm.PlannedTask {
	t := farm.PlannedTask{Name: string(f.bytes()), Type: f.common(), Priority: int(f.varint())}
	t.Needs = f.needs()
	n := f.count(len(f.rest))
	if n > 0 {
		t.Commands = make([]farm.Command, 0, min(n, 1000))
	}
	for i := 0; i < n && f.err == nil; i++ {
		c := farm.Command{Name: f.common(), Steps: f.count(math.MaxInt32)}
		c.Encoded = f.encoded(c.Name)
		t.Commands = append(t.Commands, c)
	}
	return t
}

// encoded reads the parameters of a command.
func (f *taskReader) encoded(kind string) farm.Encoded {
	kept := f.share.kept[kind]
	head, tail := f.count(len(kept)), f.count(len(kept))
	text := string(f.bytes())
	switch {
	case head+tail > len(kept):
		f.fail()
		return farm.Encoded{}
	case head == 0:
		return f.share.keep(kind, text)
	}
	return f.share.join(kind, head, tail, text)
}

func (f *taskReader) needs() (needs []int) {
	at := 0
	for range f.count(maxTasks) {
		at += f.count(maxTasks)
		n := f.count(maxTasks)
		if f.total += n; f.total > maxNeeds {
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
func (f *taskReader) common() string {
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

func (f *taskReader) bytes() []byte {
	n := f.count(len(f.rest))
	if n > len(f.rest) { // the count itself took some
		f.fail()
		return nil
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

func (f *taskReader) count(most int) int {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 || v > uint64(most) {
		f.fail()
		return 0
	}
	f.rest = f.rest[n:]
	return int(v)
}

func (f *taskReader) varint() int64 {
	v, n := binary.Varint(f.rest)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *taskReader) fail() {
	f.err, f.rest = errFrame, nil
}
