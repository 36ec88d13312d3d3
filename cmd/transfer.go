package cmd

import (
	"fmt"
	"io"
	"time"

	"renderfarm/farm/blendfile"
	"renderfarm/farm/pack"
	"renderfarm/farm/upload"
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
	b.drawn = true
	fmt.Fprintf(b.out, "\r%s\x1b[K", text)
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

// showUpload draws how far an upload is; a new phase is a new measure.
func (b *transferBar) showUpload(p upload.Progress) {
	if b.verb != p.Phase {
		b.verb, b.files, b.bytes, b.began = p.Phase, p.AllFiles, p.AllBytes, b.now()
	}
	b.show(pack.Progress{Files: p.Files, Bytes: p.Bytes})
}
