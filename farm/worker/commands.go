package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// commands are all that a task can be made of, which is farm.Commands. Each entry reads
// the parameters of a command and returns what does it, or says which parameter
// is wrong: nothing was done then.
var commands = map[string]func(farm.Command) (action, error){
	farm.CommandBlenderRender: prepareBlenderRender,
	farm.CommandCopyFile:      prepareCopyFile,
	farm.CommandEcho:          prepareEcho,
	farm.CommandExec:          prepareExec,
	farm.CommandFramesToVideo: prepareFramesToVideo,
	farm.CommandMakeDirectory: prepareMakeDirectory,
	farm.CommandMergeImage:    prepareMergeImage,
	farm.CommandMoveDirectory: prepareMoveDirectory,
	farm.CommandSleep:         prepareSleep,
}

// An action does one command. It ends soon after ctx is canceled.
type action func(ctx context.Context, r *run) error

// params reads the parameters of a command. The first that is missing or wrong
// is in err; readers go on with zero values, so it needs to be looked at once.
// Parameters that nobody reads are allowed, as scripts have them.
type params struct {
	farm.Command
	err error
}

func (p *params) fail(name, format string, args ...any) {
	if p.err == nil {
		p.err = farm.Errorf(farm.Invalid, "%s: parameter %q %s", p.Name, name, fmt.Sprintf(format, args...))
	}
}

// given returns the parameter; a missing one is an error if it is required.
func (p *params) given(name string, required bool) (any, bool) {
	v := p.Parameters[name] // null is as good as missing
	if v == nil && required {
		p.fail(name, "is missing. The job type that made this task has to give it")
	}
	return v, v != nil
}

// required reads a text that must be there and not be empty.
func (p *params) required(name string) string {
	text := p.present(name)
	if text == "" {
		p.fail(name, "is empty")
	}
	return text
}

// present reads a text that must be there but may be empty.
func (p *params) present(name string) string {
	v, ok := p.given(name, true)
	if !ok {
		return ""
	}
	return p.text(name, v)
}

// optional reads a text that need not be there.
func (p *params) optional(name string) string {
	v, ok := p.given(name, false)
	if !ok {
		return ""
	}
	return p.text(name, v)
}

func (p *params) text(name string, v any) string {
	text, ok := v.(string)
	switch {
	case !ok:
		p.fail(name, "is %s, and should be a text", show(v))
	case strings.ContainsRune(text, 0):
		p.fail(name, "contains a NUL character")
	}
	return text
}

// words reads a text that is split into words as a shell does; need not be there.
func (p *params) words(name string) []string {
	words, err := farm.SplitShell(p.optional(name))
	if err != nil {
		p.fail(name, "cannot be split into words: %v", err)
	}
	return words
}

// list reads a list of any values as texts; need not be there. Scripts mix
// numbers into command lines, and every JSON number arrives as a float.
func (p *params) list(name string) []string {
	v, ok := p.given(name, false)
	if !ok {
		return nil
	}
	values, ok := v.([]any)
	if !ok {
		p.fail(name, "is %s, and should be a list", show(v))
	}
	var texts []string
	for _, value := range values {
		text := plain(value)
		if strings.ContainsRune(text, 0) {
			p.fail(name, "contains a NUL character")
		}
		texts = append(texts, text)
	}
	return texts
}

// frames reads a range of frames; need not be there.
func (p *params) frames(name string) []int {
	v, ok := p.given(name, false)
	if !ok {
		return nil
	}
	frames, err := farm.ParseFrames(plain(v))
	if err != nil {
		p.fail(name, "is not a range of frames: %v", err)
	}
	return frames
}

// flag reads a yes or no; need not be there.
func (p *params) flag(name string, otherwise bool) bool {
	v, ok := p.given(name, false)
	if !ok {
		return otherwise
	}
	on, ok := v.(bool)
	if !ok {
		p.fail(name, "is %s, and should be true or false", show(v))
	}
	return on
}

// choice reads one of some words; need not be there.
func (p *params) choice(name string, words []string) string {
	text := p.optional(name)
	if text != "" && !slices.Contains(words, text) {
		p.fail(name, "is %s, and should be one of %s", show(text), strings.Join(words, ", "))
	}
	return text
}

// number reads a number from least to most.
func (p *params) number(name string, least, most float64) float64 {
	v, ok := p.given(name, true)
	if !ok {
		return 0
	}
	var n float64
	switch v := v.(type) {
	case float64:
		n = v
	case int:
		n = float64(v)
	default:
		p.fail(name, "is %s, and should be a number", show(v))
		return 0
	}
	if !(n >= least && n <= most) { // not a number is neither
		p.fail(name, "is %s, and should be from %s to %s", plain(n), plain(least), plain(most))
	}
	return n
}

// plain writes a value as a command line wants it: texts as they are, 3 as "3".
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		if math.Abs(v) < 1e15 { // larger ones would be many digits, none of them meant
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// show writes a value for an error message.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		text = fmt.Appendf(nil, "%v", v)
	}
	return clip(string(text), 100)
}
