package cmd

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A color is the number of an SGR sequence; 0 leaves the text as it is.
type color int

const (
	plain  color = 0
	faint  color = 2
	red    color = 91
	green  color = 92
	yellow color = 93
	blue   color = 94
)

// A cell is one coloured value of a table.
type cell struct {
	text  string
	color color
}

// A table is a list for people: aligned columns under a faint header. Texts
// come from anywhere, so control characters never reach the terminal.
type table struct {
	out    io.Writer
	colors bool
	rows   [][]cell
}

// table starts a table with these headings. Call row for each row, then print.
func (s *session) table(headings ...string) *table {
	t := &table{out: s.out, colors: s.colors(s.out)}
	row := make([]cell, len(headings))
	for i, h := range headings {
		row[i] = cell{strings.ToUpper(h), faint}
	}
	t.rows = append(t.rows, row)
	return t
}

// row adds a row of cells; anything that is no cell is printed with fmt.
func (t *table) row(values ...any) {
	row := make([]cell, len(values))
	for i, v := range values {
		c, ok := v.(cell)
		if !ok {
			c.text = fmt.Sprint(v)
		}
		c.text = printable(c.text)
		row[i] = c
	}
	t.rows = append(t.rows, row)
}

// print writes the table. Without rows it writes nothing.
func (t *table) print() error {
	// Only the heading. Whoever has nothing to show says so in words.
	if len(t.rows) < 2 {
		return nil
	}
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		for i, c := range row {
			b.WriteString(paint(c.text, c.color, t.colors))
			if i < len(row)-1 { // no blanks at the end of a line
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// paint puts text in a colour, if colours are wanted.
func paint(text string, c color, colors bool) string {
	if c == plain || !colors || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, text)
}

// printable replaces control characters: a job's name must not move the cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		// Also what is not UTF-8, which a terminal may read in another encoding.
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}

// printableLines is printable for texts of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// status returns a job's, task's or worker's status in the colour of its mood.
func status(name string) cell {
	c := plain
	switch name {
	case "active", "awake":
		c = green
	case "completed":
		c = blue
	case "failed", "error", "soft-failed":
		c = red
	case "canceled", "cancel-requested", "offline":
		c = faint
	case "paused", "pause-requested", "asleep", "starting", "restart":
		c = yellow
	}
	return cell{name, c}
}

// shortID is the part of an id that people read and type.
func shortID(id string) string { return id[:min(8, len(id))] }

// ago says how long before now t was, roughly: "12s ago", "3 days ago".
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", d/time.Hour)
	}
	return fmt.Sprintf("%d days ago", d/(24*time.Hour))
}

// progress is steps done of all, as a percentage that is 100 only at the end.
func progress(done, total int) string {
	if total <= 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", 100*done/total)
}
