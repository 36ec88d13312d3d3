package farm

import (
	"slices"
	"strings"
	"unicode"
)

// Unable is what a worker takes no tasks of for now, though it is meant to: a program
// is missing, or it cannot reach the storage. A worker that tells nothing counts as
// able.
type Unable struct {
	TaskTypes []string `json:"task_types"`
	Reason    string   `json:"reason"` // for people, with the next step; at most MaxReason bytes
}

// Bounds on what a worker tells of that.
const (
	MaxUnable = 16  // reasons
	MaxReason = 500 // bytes of one
)

// CleanUnable returns what a worker tells in a form that can be kept and shown: types
// in lower case and once each, reasons on one line. Entries without a type are
// dropped, and all beyond the bounds is cut off.
func CleanUnable(told []Unable) []Unable {
	var all []Unable
	seen := map[string]bool{}
	for _, u := range told[:min(len(told), MaxUnable)] {
		var types []string
		for _, t := range u.TaskTypes {
			if t = strings.ToLower(strings.TrimSpace(t)); t != "" && !seen[t] {
				seen[t] = true
				types = append(types, t)
			}
		}
		if len(types) > 0 {
			all = append(all, Unable{types, oneLine(u.Reason, MaxReason)})
		}
	}
	return all
}

// CleanInUse returns what a worker tells of its owner in a form that can be kept and
// shown: one line of at most MaxReason bytes.
func CleanInUse(told string) string { return oneLine(told, MaxReason) }

// oneLine returns at most so many bytes of a text, valid and without line ends.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), 2*most)], ""))
	return strings.TrimSpace(CutText(text, most))
}

// SetUnable changes what the worker takes no tasks of, and with it TaskTypes, which
// are those that it takes now. It reports whether that is a change.
func (w *Worker) SetUnable(told []Unable) (changed bool) {
	if slices.EqualFunc(w.Unable, told, Unable.equal) {
		return false
	}
	types := slices.Clone(w.TaskTypes)
	for _, u := range w.Unable { // what it could not do until now it may be able to do
		for _, t := range u.TaskTypes {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	var unable []Unable
	for _, u := range told {
		meant := slices.DeleteFunc(slices.Clone(u.TaskTypes), func(t string) bool { return !slices.Contains(types, t) })
		types = slices.DeleteFunc(types, func(t string) bool { return slices.Contains(meant, t) })
		if len(meant) > 0 { // not of what it does not do anyway
			unable = append(unable, Unable{meant, u.Reason})
		}
	}
	if slices.EqualFunc(w.Unable, unable, Unable.equal) {
		return false
	}
	w.TaskTypes, w.Unable = types, unable
	return true
}

func (u Unable) equal(o Unable) bool {
	return u.Reason == o.Reason && slices.Equal(u.TaskTypes, o.TaskTypes)
}

// SameUnable reports whether two workers are unable to do the same for the same reasons.
func SameUnable(a, b []Unable) bool { return slices.EqualFunc(a, b, Unable.equal) }

// WhyUnable says why the worker cannot do tasks of the type; "" if it can, or is not
// meant to.
func (w *Worker) WhyUnable(taskType string) string {
	for _, u := range w.Unable {
		if slices.Contains(u.TaskTypes, taskType) {
			return u.Reason
		}
	}
	return ""
}

// unable returns the workers that are meant to do the tasks and cannot.
func (g group) unable() (found group) {
	for _, s := range g {
		if s.Obstacle == TypeUnsupported && s.UnableBecause != "" {
			found = append(found, s)
		}
	}
	return found
}

// whyUnable is the reason with the name of the worker in front.
func (s *Candidate) whyUnable() string { return "worker " + s.Name + ": " + s.UnableBecause }
