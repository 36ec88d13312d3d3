package farm

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Comment is what somebody wrote about a frame of a job.
type Comment struct {
	ID    int       `json:"id"` // of the job, from 1
	Frame int       `json:"frame"`
	Text  string    `json:"text"`          // at most MaxComment bytes, may have several lines
	Tag   string    `json:"tag,omitempty"` // one word for what it is about, such as "redo"; at most MaxCommentTag bytes
	By    Actor     `json:"by"`
	Time  time.Time `json:"time"` // UTC
}

// Bounds of comments.
const (
	MaxComment    = 2000 // bytes of a text
	MaxCommentTag = 40   // bytes of a tag
	MaxComments   = 1000 // of a job
)

// Clean makes a comment of what a stranger says: valid UTF-8 without characters that a
// terminal could take for commands, or that turn the order of what stands beside them.
// Invalid: there is no text, or it is too long.
func (c *Comment) Clean() error {
	c.Text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, c.Text))
	c.Tag = printable(c.Tag)
	switch {
	case c.Text == "":
		return Errorf(Invalid, "a comment needs a text")
	case len(c.Text) > MaxComment:
		return Errorf(Invalid, "the comment has %d bytes: it may have %d", len(c.Text), MaxComment)
	case len(c.Tag) > MaxCommentTag:
		return Errorf(Invalid, "the tag of the comment has %d bytes: it may have %d", len(c.Tag), MaxCommentTag)
	case c.Frame < -MaxFrame || c.Frame > MaxFrame:
		return Errorf(Invalid, "there is no frame %d", c.Frame)
	}
	return nil
}
