package worker

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line of a program's output that is kept whole, in
// bytes; longer ones become several, so that a program that never ends a line
// cannot fill the memory.
const maxLine = 40 << 10

// eachLine calls do with every line of r, without its end, until r ends. A
// lone carriage return ends a line, too: programs that show progress write
// those. Lines longer than maxLine are cut between characters, and what is not
// UTF-8 is replaced, as logs are text.
func eachLine(r io.Reader, do func(line string)) {
	b := bufio.NewReaderSize(r, maxLine)
	emit := func(line []byte) { do(strings.ToValidUTF8(string(line), "\ufffd")) }
	scanned := 0      // bytes of the buffer known to have no line end
	returned := false // the last line ended with a carriage return
	cut := false      // what comes belongs to a line of which a part was emitted
	for {
		_, err := b.Peek(scanned + 1) // waits for one more byte than is known
		have, _ := b.Peek(b.Buffered())
		if returned && len(have) > 0 {
			if returned = false; have[0] == '\n' {
				b.Discard(1) // of "\r\n"
				continue
			}
		}
		if i := bytes.IndexAny(have[scanned:], "\r\n"); i >= 0 {
			returned = have[scanned+i] == '\r'
			if line := have[:scanned+i]; len(line) > 0 || !cut {
				emit(line)
			}
			b.Discard(scanned + i + 1)
			scanned, cut = 0, false
			continue
		}
		switch {
		case len(have) >= maxLine:
			n := cutBetween(have)
			emit(have[:n])
			b.Discard(n)
			scanned, cut = len(have)-n, true
		case err != nil:
			if len(have) > 0 {
				emit(have)
			}
			return
		default:
			scanned = len(have)
		}
	}
}

// cutBetween returns the length of text without a character that its end cuts apart.
func cutBetween(text []byte) int {
	for back := 1; back < utf8.UTFMax && back < len(text); back++ {
		if c := text[len(text)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-back:]) {
				return len(text) - back
			}
			break
		}
	}
	return len(text)
}
