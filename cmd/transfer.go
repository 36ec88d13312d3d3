package cmd

import (
	"fmt"
	"io"
	"time"

	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
	"renderfarm/farm/pack"
)

// A transferBar shows how far files have been moved: on a terminal one line
// that changes, elsewhere nothing but the end.
type transferBar struct {
	out   io.Writer
	live  bool
	verb  string // what is being done: "Packing"
	files int    // of all
	bytes int64
	began time.Time
	now   func() time.Time
	drawn bool
}

// transferBar returns a bar on standard error for so many files and bytes.
func (s *session) transferBar(verb string, files int, bytes int64) *transferBar {
	return &transferBar{out: s.errOut, live: isTerminal(s.errOut) && !s.json, verb: verb, files: files, bytes: bytes, began: s.now(), now: s.now}
}

// show draws how far it is.
func (b *transferBar) show(p pack.Progress) {
	if !b.live {
		return
	}
	text := fmt.Sprintf("%s  %d/%d files  %s of %s", b.verb, p.Files, b.files, byteSize(p.Bytes), byteSize(b.bytes))
	if since := b.now().Sub(b.began); p.Bytes > 0 && p.Bytes < b.bytes && since > time.Second {
		rate := float64(p.Bytes) / since.Seconds()
		text += fmt.Sprintf("  %s/s  %s left", byteSize(int64(rate)), roughly(time.Duration(float64(b.bytes-p.Bytes)/rate*float64(time.Second))))
	}
	b.line(text)
}

// line draws a line in the place of the one before.
func (b *transferBar) line(text string) {
	b.drawn = true
	fmt.Fprintf(b.out, "\r%s\x1b[K", text)
}

// end makes room for what comes next.
func (b *transferBar) end() {
	if b.drawn {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

// A lookingBar shows how far the search for what a .blend needs is.
type lookingBar struct{ transferBar }

// lookingBar returns a bar on standard error.
func (s *session) lookingBar() *lookingBar {
	return &lookingBar{transferBar{out: s.errOut, live: isTerminal(s.errOut) && !s.json}}
}

// show draws how far it is.
func (b *lookingBar) show(p blendfile.TraceProgress) {
	if !b.live {
		return
	}
	text := "Looking for what the file needs"
	switch p.Phase {
	case "files":
		text = fmt.Sprintf("Found %s", count(p.Files, "file"))
	case "rewrite":
		text = fmt.Sprintf("Looking into .blend %d of %d", p.Number, p.Of)
	}
	b.line(text)
}

// byteSize says a number of bytes in the unit that people read.
func byteSize(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, names := float64(n)/unit, "kMGTPE"
	for value >= unit && len(names) > 1 {
		value, names = value/unit, names[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, names[0])
}

// showUpload draws how far an upload is; a new stage is a new measure, and so is
// another round of one.
func (b *transferBar) showUpload(p api.SendProgress) {
	verb := "Uploading"
	switch p.Stage {
	case api.StageHash:
		verb = "Hashing"
	case api.StageCheckout: // nothing is counted in it
		if b.live {
			b.line("Waiting for the farm to put the files into their folder")
		}
		return
	}
	if b.verb != verb || b.files != p.FilesTotal || b.bytes != p.BytesTotal {
		b.verb, b.files, b.bytes, b.began = verb, p.FilesTotal, p.BytesTotal, b.now()
	}
	b.show(pack.Progress{Files: p.Files, Bytes: p.Bytes})
}
