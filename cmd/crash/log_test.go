package crash

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A taskLog is what workers sent to the log of a task, and what was read of it.
type taskLog struct {
	sent    map[string]int // lines, and how often they were sent
	kept    []string       // of them, those that have to be there, in the order of the answers
	since   []int64        // when each of these was answered
	longest string         // of what was read
	torn    []string       // what was found while reading
}

// sending notes that a line is being sent, for the first time or again.
func (h *history) sending(task, line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log(task).sent[line]++
}

// logged notes that the report with the line was answered, after so many power cuts when it
// was sent.
func (h *history) logged(task, line string, cuts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.log(task)
	if cuts == h.cuts && !slices.Contains(l.kept, line) {
		l.kept, l.since = append(l.kept, line), append(l.since, h.now())
	}
}

// known returns how many lines have to be there for a reader that begins now, and how many
// power cuts there were.
func (h *history) known(task string) (lines, cuts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.log(task).kept), h.cuts
}

// readLog notes what was read of a log of which so much was known before. What a power cut
// fell into says nothing.
func (h *history) readLog(task, text string, known, cuts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.log(task)
	if cuts != h.cuts {
		return
	}
	for _, line := range l.kept[:known] {
		if !strings.Contains(text, line+"\n") {
			l.torn = append(l.torn, fmt.Sprintf("the line %q was acknowledged, and a later reader did not get it", line))
			break
		}
	}
	// Readers overlap, so a shorter text may come late; it has to be the begin of the longer.
	short, long := text, l.longest
	if len(short) > len(long) {
		short, long = long, short
	}
	if !strings.HasPrefix(long, short) {
		l.torn = append(l.torn, fmt.Sprintf("two readers got texts of which none is the begin of the other:\n%s\nand\n%s", long, short))
	}
	l.longest = long
}

// oldLines is what "about the last half minute" of docs/security.md is at most here.
const oldLines = 45 * time.Second

// cutLogs allows the ends of all logs to be lost, as the promise for a power cut says. It
// returns how many lines are so old that they have to be there.
func (h *history) cutLogs() (old int) {
	before := h.now() - int64(oldLines)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cuts++
	for _, l := range h.logs {
		n := 0
		for n < len(l.since) && l.since[n] < before {
			n++
		}
		l.kept, l.since, l.longest = l.kept[:n], l.since[:n], ""
		old += n
	}
	return old
}

func (h *history) log(task string) *taskLog {
	if h.logs[task] == nil {
		h.logs[task] = &taskLog{sent: map[string]int{}}
	}
	return h.logs[task]
}

// linePrefix begins every line that workers of this program send.
const linePrefix = "crash line "

// check judges the longest text that was read: every acknowledged line is in it, in order,
// none more often than it was sent, and none that nobody sent.
func (l *taskLog) check() []string {
	findings := slices.Clone(l.torn[:min(3, len(l.torn))])
	times := map[string]int{}
	var first []string // each line once, in order
	for line := range strings.Lines(l.longest) {
		whole := strings.TrimSuffix(line, "\n")
		if !strings.Contains(whole, linePrefix) {
			continue // the manager's own
		}
		if times[whole]++; times[whole] == 1 {
			first = append(first, whole)
		}
		if l.sent[whole] == 0 {
			findings = append(findings, fmt.Sprintf("nobody sent the line %q", whole))
		}
	}
	for line, n := range times {
		if n > l.sent[line] {
			findings = append(findings, fmt.Sprintf("the line %q is there %d times and was sent %d times", line, n, l.sent[line]))
		}
	}
	at := 0
	for _, line := range l.kept {
		n := slices.Index(first[at:], line)
		if n < 0 {
			return append(findings, fmt.Sprintf("the acknowledged line %q is not there, or not behind those before it, in\n%s", line, l.longest))
		}
		at += n + 1
	}
	return findings
}
