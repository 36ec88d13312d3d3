package worker

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
)

// warmScript is what a Blender that stays open runs.
//
//go:embed warm.py
var warmLoop string

var warmScript = imagesScript + warmLoop

// A warmBlender is a Blender that has a file open and renders the frames it is
// asked for. One goroutine asks at a time.
type warmBlender struct {
	key     warmKey
	uses    map[string]fileState // linked libraries
	served  int                  // frames rendered
	took    time.Duration        // the last of them
	memory  int                  // KiB after its first frame, 0 before
	grown   bool                 // it needs more than it may
	device  farm.Device          // that it said it renders with
	word    string               // which its answers carry
	in      *os.File             // its standard input
	life    *stall
	kill    context.CancelCauseFunc
	answers chan warmAnswer
	over    chan struct{} // closed when it has ended
	ended   error         // why, nil for status 0; to be read after over

	mu       sync.Mutex // guards what follows, and is held while listener is called
	listener *warmListener
	pid      int    // 0: it has not printed anything
	limits   string // that hold for it, and by which means; "" for none
}

// A warmListener gets what the Blender prints.
type warmListener struct {
	line  func(pid int, text string)
	event func(blenderEvent)
	crash func(report string)
}

type warmAnswer struct{ verb, text string }

var (
	// errWarmRefused says that a file cannot be rendered warm.
	errWarmRefused = errors.New("not for a Blender that stays open")
	// errWarmEnded is the end, with status 0, of one that should have stayed.
	errWarmEnded = farm.Errorf(farm.Invalid, "Blender ended by itself")
)

// startWarm starts a Blender; the first ask waits until it has read its file.
func startWarm(w *Worker, key warmKey, args []string) (*warmBlender, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ctx, kill := context.WithCancelCause(context.Background())
	b := &warmBlender{key: key, uses: map[string]fileState{}, word: rand.Text(), in: write, life: newStall(w.options.StalledAfter), kill: kill,
		answers: make(chan warmAnswer, 1), over: make(chan struct{})}
	p := w.process(key.exe, args)
	p.used = func(limits string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.limits = limits
	}
	p.stdin, p.life, p.line, p.crash = read, b.life, b.see, b.crashed
	go func() {
		defer close(b.over)
		defer kill(nil)
		b.ended = p.run(ctx)
		read.Close()
		write.Close()
	}()
	return b, nil
}

// limited returns which limits hold for it, once it has printed something.
func (b *warmBlender) limited() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limits
}

// see takes a line of output. Something may be glued to the front of an answer.
func (b *warmBlender) see(pid int, text string) {
	before, answer, found := strings.Cut(text, "Farm warm "+b.word+" ")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pid = pid
	l := b.listener
	if l == nil {
		return // nobody waits for what it still says
	}
	if !found || before != "" {
		l.line(pid, before)
	}
	if !found {
		return
	}
	verb, rest, _ := strings.Cut(answer, " ")
	switch verb {
	case "uses":
		if len(b.uses) < maxUses {
			b.uses[rest] = stateOf(rest)
		}
		return
	case "frame":
		if n, err := strconv.Atoi(rest); err == nil {
			l.event(blenderEvent{what: blenderFrame, number: n})
		}
		return
	case "images":
		l.event(blenderEvent{what: blenderImages, images: parseImages(rest)})
		return
	case "done":
		l.event(blenderEvent{what: blenderTimed})
	}
	select {
	case b.answers <- warmAnswer{verb, rest}:
	default: // nobody asked
	}
}

// crashed takes the report that it left when it crashed.
func (b *warmBlender) crashed(report string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listener != nil {
		b.listener.crash(report)
	}
}

// maxUses bounds how many libraries are looked at before each task.
const maxUses = 1000

// listen says who gets what is printed from now on; nil is nobody.
func (b *warmBlender) listen(l *warmListener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listener = l
}

// process returns its process number, 0 while it is not known.
func (b *warmBlender) process() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pid
}

// ask sends a line and waits for the answer that ends it. Canceling ctx ends the Blender.
func (b *warmBlender) ask(ctx context.Context, what string) (warmAnswer, error) {
	b.life.told.Add(1)
	if _, err := fmt.Fprintf(b.in, "%s %s\n", b.word, what); err != nil {
		b.kill(err)
	}
	select {
	case a := <-b.answers:
		return a, nil
	case <-ctx.Done():
		b.kill(context.Cause(ctx))
		<-b.over
		return warmAnswer{}, context.Cause(ctx)
	case <-b.over:
		if b.ended == nil {
			return warmAnswer{}, errWarmEnded
		}
		return warmAnswer{}, b.ended
	}
}

// begin waits until the file is open, and asks whether it can be rendered.
func (b *warmBlender) begin(ctx context.Context) error {
	a, err := b.ask(ctx, "begin")
	switch {
	case err == errWarmEnded: // as behind a script that keeps the standard input from it
		return fmt.Errorf("%w: it does not stay open", errWarmRefused)
	case err != nil:
		return err
	case a.verb == "refuse":
		return fmt.Errorf("%w: %s", errWarmRefused, clip(a.text, lineTold))
	case a.verb != "ready":
		return farm.Errorf(farm.Invalid, "%s", clip(a.text, lineTold))
	}
	return nil
}

// render renders a frame.
func (b *warmBlender) render(ctx context.Context, frame int) error {
	asked := time.Now()
	a, err := b.ask(ctx, "render "+strconv.Itoa(frame))
	if err != nil {
		return err
	}
	b.took = time.Since(asked)
	if a.verb != "done" {
		return farm.Errorf(farm.Invalid, "frame %d: %s", frame, clip(a.text, lineTold))
	}
	b.served++
	if kib, err := strconv.Atoi(a.text); err == nil && b.memory == 0 {
		b.memory = kib
	} else if err == nil {
		b.grown = kib > b.memory+b.memory/2+maxGrowth
	}
	return nil
}

// span sets the range of the scene; there is no answer.
func (b *warmBlender) span(text string) {
	fmt.Fprintf(b.in, "%s range %s\n", b.word, text)
}

const (
	// maxGrowth is how much more memory than after its first frame an open
	// Blender may take, and half as much again, in KiB.
	maxGrowth = 512 << 10
	// maxServed is how many frames it renders before another takes its place. Its
	// memory is watched, so that it can be many: with quick frames, each start is felt.
	maxServed = 1000
	// warmIdle is how long it stays open without a task, if the manager does not answer.
	warmIdle = time.Minute
)

// close lets the Blender end, and returns when it has.
func (b *warmBlender) close() {
	b.listen(nil)
	b.in.Close() // the end of what it is asked
	timer := time.NewTimer(killGrace)
	defer timer.Stop()
	select {
	case <-b.over:
	case <-timer.C:
		b.kill(errors.New("it does not end"))
		<-b.over
	}
}
