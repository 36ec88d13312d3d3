package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"renderfarm/farm"
	"renderfarm/farm/submit"
)

// A meter tells how fast a job goes, from the last changes of its progress.
type meter struct {
	marks []mark // oldest first; at most meterMarks
}

// A mark is how much was done at a time.
type mark struct {
	at   time.Time
	done int
}

// meterMarks is over how many changes the speed is measured: enough to smooth
// frames of different weight, few enough to follow a worker that joins.
const meterMarks = 30

// add notes how much is done. Progress that goes back, after a requeue, starts anew.
func (m *meter) add(at time.Time, done int) {
	if n := len(m.marks); n > 0 {
		switch last := m.marks[n-1]; {
		case done == last.done:
			return
		case done < last.done:
			m.marks = m.marks[:0]
		}
	}
	m.marks = append(m.marks, mark{at, done})
	if len(m.marks) > meterMarks {
		m.marks = m.marks[1:]
	}
}

// rate returns units per second, 0 while it cannot be told. The time since the
// last change counts once it is longer than usual, so that a farm that stands
// still does not look fast.
func (m *meter) rate(now time.Time) float64 {
	n := len(m.marks)
	if n < 2 {
		return 0
	}
	first, last := m.marks[0], m.marks[n-1]
	span, done := last.at.Sub(first.at), float64(last.done-first.done)
	if silent := now.Sub(last.at); silent > span/time.Duration(n-1) {
		span += silent
	}
	if span <= 0 {
		return 0
	}
	return done / span.Seconds()
}

// A progressBar shows a job's progress: on a terminal one line that changes, in
// a file or a pipe now and then a line.
type progressBar struct {
	out    io.Writer
	live   bool // out is a terminal
	colors bool
	width  func() int // columns of the terminal
	now    func() time.Time
	meter  meter
	shown  string    // the last text
	urgent string    // the status and the failures it told
	done   int       // the progress it told
	last   time.Time // when it was written
}

// progressLines is how often a line is written to a file at most, unless the
// job's status changes or a task fails.
const progressLines = 10 * time.Second

// drawMost bounds how often the line on a terminal changes.
const drawMost = 100 * time.Millisecond

// progressBar returns a bar for standard error, live if that is a terminal.
func (s *session) progressBar() *progressBar {
	return &progressBar{out: s.errOut, live: isTerminal(s.errOut), colors: s.colors(s.errOut), now: s.now, width: func() int {
		if f, ok := s.errOut.(*os.File); ok {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil {
				return w
			}
		}
		return 80
	}}
}

// show takes in a view of the job, and draws if there is anything new to say.
func (b *progressBar) show(v *jobView) {
	now := b.now()
	done, _, _ := submit.Steps(v.job, v.frames)
	if v.job.Status == farm.JobActive.String() {
		b.meter.add(now, done)
	}
	// What is urgent is shown at once, the rest not too often.
	urgent, every := fmt.Sprint(v.job.Status, len(v.failed), v.why), progressLines
	if b.live {
		every = drawMost
	}
	if urgent == b.urgent && (now.Sub(b.last) < every || !b.live && done == b.done) {
		return
	}
	text := strings.Join(b.parts(v, now), "  ")
	if text == b.shown {
		return
	}
	b.shown, b.urgent, b.done, b.last = text, urgent, done, now
	// The line is written over the last one, and what is left of that cleared.
	if b.live {
		fmt.Fprintf(b.out, "\r%s\x1b[K", b.fit(v, text))
	} else {
		fmt.Fprintln(b.out, text)
	}
}

// end leaves the last line on the terminal, below which others can be written.
func (b *progressBar) end() {
	if b.live && b.shown != "" {
		fmt.Fprintln(b.out)
	}
}

// parts returns what there is to say of a job, the important things first.
func (b *progressBar) parts(v *jobView, now time.Time) []string {
	done, total, unit := submit.Steps(v.job, v.frames)
	parts := []string{fmt.Sprintf("%d/%d %s", done, total, unit)}
	switch v.job.Status {
	case farm.JobQueued.String():
		waits := "waiting for a worker"
		if v.why != "" {
			waits = "waiting: " + printable(v.why)
		}
		parts = append(parts, waits)
	case farm.JobActive.String():
		if rate := b.meter.rate(now); rate > 0 {
			parts = append(parts, speed(rate))
		}
		if left := v.job.TimeLeft; left != nil && done < total {
			parts = append(parts, roughly(left.Likely.Sub(now))+" left ("+until(left, now)+")")
		}
		if v.busy != "" && b.live {
			parts = append(parts, printable(v.busy))
		}
	default:
		parts = append(parts, printable(v.job.Status))
	}
	if n := len(v.failed); n > 0 {
		parts = append(parts, paint(fmt.Sprintf("%d failed", n), red, b.colors))
	}
	return parts
}

// fit puts the bar itself before the text, and cuts both to the terminal's width.
func (b *progressBar) fit(v *jobView, text string) string {
	const most, least = 30, 8
	done, total, _ := submit.Steps(v.job, v.frames)
	width := b.width() - 1
	// The bar takes the room that the text leaves, if it is worth it.
	bar := min(most, width-visible(text)-2)
	if bar >= least && total > 0 {
		full := bar * done / total
		text = paint(strings.Repeat("█", full), green, b.colors) + paint(strings.Repeat("░", bar-full), faint, b.colors) + "  " + text
	}
	// A line that wraps could not be written over. Cutting colours apart would
	// leave the terminal coloured.
	if visible(text) > width && !strings.Contains(text, "\x1b") {
		text = string([]rune(text)[:max(width, 0)])
	}
	return text
}

// visible returns how many columns a text takes, without its colours.
func visible(text string) int {
	n := 0
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "\x1b[")
		n += utf8.RuneCountInString(before)
		if !found {
			break
		}
		_, rest, _ = strings.Cut(after, "m")
	}
	return n
}

// speed says a rate in the unit that gives a number people can imagine.
func speed(rate float64) string {
	switch {
	case rate >= 0.5:
		return fmt.Sprintf("%.1f/s", rate)
	case rate >= 0.5/60:
		return fmt.Sprintf("%.1f/min", rate*60)
	}
	return fmt.Sprintf("%.1f/h", rate*3600)
}

// roughly rounds a duration to what matters of it: 45s, 9m05s, 12m, 3h20m, 2d4h.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(1, int(d.Round(time.Second)/time.Second)))
	case d < 10*time.Minute: // worth waiting for
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d/time.Minute), int(d%time.Minute/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Round(time.Minute)/time.Minute))
	case d < 24*time.Hour:
		d = d.Round(10 * time.Minute)
		return fmt.Sprintf("%dh%02dm", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	d = d.Round(time.Hour)
	return fmt.Sprintf("%dd%dh", int(d/(24*time.Hour)), int(d%(24*time.Hour)/time.Hour))
}
