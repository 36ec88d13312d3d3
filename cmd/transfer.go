package cmd

import (
	"fmt"
	"io"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/submit"
)

// A transferBar shows what is being done to files, and how far it is: on a
// terminal one line that changes; elsewhere a line for a stage that takes its
// time, so that nobody has to guess what is waited for.
type transferBar struct {
	out   io.Writer
	live  bool // out is a terminal
	quiet bool // nothing is shown at all
	now   func() time.Time

	shown submit.Progress // of the stage that is shown; its totals tell one round from the next
	began time.Time       // when that stage began
	drawn bool            // there is a line to clear

	mu   sync.Mutex   // guards what follows, and writing for it
	tell submit.Stage // that a log is to be told of if it takes long; "" for none
}

// tellAfter is how long a stage may take before a log or a pipe is told of it.
const tellAfter = 2 * time.Second

// transferBar returns a bar on standard error.
func (s *session) transferBar() *transferBar {
	return &transferBar{out: s.errOut, live: isTerminal(s.errOut) && !s.json, quiet: s.json, now: s.now}
}

// show draws how far it is. A new stage is a new measure, and so is another
// round of one.
func (b *transferBar) show(p submit.Progress) {
	if b.quiet {
		return
	}
	newStage := p.Stage != b.shown.Stage
	if newStage || p.FilesTotal != b.shown.FilesTotal || p.BytesTotal != b.shown.BytesTotal {
		b.began = b.now()
	}
	b.shown = p
	switch {
	case p.Stage == submit.Done:
		b.end()
	case b.live:
		b.drawn = true
		fmt.Fprintf(b.out, "\r%s\x1b[K", b.text(p))
	case newStage:
		b.mu.Lock()
		b.tell = p.Stage
		b.mu.Unlock()
		time.AfterFunc(tellAfter, func() { b.tellOf(p.Stage) })
	}
}

// tellOf tells a log of a stage that still lasts.
func (b *transferBar) tellOf(stage submit.Stage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tell == stage {
		b.tell = ""
		fmt.Fprintf(b.out, "%s ...\n", stage)
	}
}

// text says how far a stage is.
func (b *transferBar) text(p submit.Progress) string {
	text := string(p.Stage)
	switch {
	case p.Stage == submit.Rewriting:
		return fmt.Sprintf("%s %d of %d", text, p.Files, p.FilesTotal)
	case p.FilesTotal == 0 && p.Files > 0:
		return fmt.Sprintf("%s: found %s", text, farm.Count(p.Files, "file"))
	case p.FilesTotal == 0:
		return text + " ..."
	}
	text += fmt.Sprintf("  %d/%d files  %s of %s", p.Files, p.FilesTotal, farm.Size(p.Bytes), farm.Size(p.BytesTotal))
	if since := b.now().Sub(b.began); p.Bytes > 0 && p.Bytes < p.BytesTotal && since > time.Second {
		rate := float64(p.Bytes) / since.Seconds()
		text += fmt.Sprintf("  %s/s  %s left", farm.Size(rate), roughly(time.Duration(float64(p.BytesTotal-p.Bytes)/rate*float64(time.Second))))
	}
	return text
}

// end makes room for what comes next.
func (b *transferBar) end() {
	b.mu.Lock()
	b.tell = ""
	b.mu.Unlock()
	if b.drawn {
		fmt.Fprint(b.out, "\r\x1b[K")
		b.drawn = false
	}
}
