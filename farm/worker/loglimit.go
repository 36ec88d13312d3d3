package worker

import "fmt"

const (
	// logHead is how much of what a run logs is reported as it comes, in bytes;
	// far more than a render prints.
	logHead = 8 << 20
	// logTail is how much of the rest is kept, its end, for the last report.
	logTail = 256 << 10
)

// A logLimit bounds the log of one run: its beginning is reported, its end is
// kept, and what is between is counted. So a program that prints without end
// fills neither memory nor disks. It is guarded by the reporter's lock.
type logLimit struct {
	head  int      // bytes that were let through
	tail  []string // what came last, oldest first
	size  int      // bytes in tail
	lines int      // entries left out
	bytes int      // bytes left out
}

// take returns the part of the text that is to be reported now.
func (l *logLimit) take(text string) string {
	if l.tail == nil && l.head+len(text) <= logHead {
		l.head += len(text)
		return text
	}
	begun := l.tail != nil
	l.tail, l.size = append(l.tail, text), l.size+len(text)
	for l.size > logTail && len(l.tail) > 1 {
		l.size -= len(l.tail[0])
		l.bytes += len(l.tail[0])
		l.lines++
		l.tail[0] = "" // for the garbage collector
		l.tail = l.tail[1:]
	}
	if begun {
		return ""
	}
	return fmt.Sprintf("(this log has %d MiB: of what comes now only the end is kept, and will follow when the task ends)\n", logHead>>20)
}

// rest returns what was kept, behind a line that says how much was not. It is
// called once, at the end.
func (l *logLimit) rest() []string {
	if l.lines == 0 {
		return l.tail
	}
	return append([]string{fmt.Sprintf("(%d lines, %d bytes, were left out here)\n", l.lines, l.bytes)}, l.tail...)
}
