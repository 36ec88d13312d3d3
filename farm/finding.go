package farm

import "slices"

// A Finding is something about a computer that goes wrong in practice, with what to do
// about it. Texts are for people.
type Finding struct {
	Name  string       `json:"name"`  // of what was looked at, for programs: "storage-read-only"
	Level FindingLevel `json:"level"` // how bad it is
	What  string       `json:"what"`  // what is the matter
	Why   string       `json:"why"`   // why it matters
	Fix   string       `json:"fix"`   // the next step
}

// FindingLevel is how bad a finding is.
type FindingLevel string

const (
	// FindingError keeps the computer from doing its part.
	FindingError FindingLevel = "error"
	// FindingWarning costs time or frames at some point, or only some jobs.
	FindingWarning FindingLevel = "warning"
)

// Bounds on the findings that a worker tells: about 30 kB.
const (
	MaxFindings    = 24
	maxFindingName = 60
	maxFindingText = 400 // bytes of each of its texts
)

// CleanFindings returns what a worker found in a form that can be kept and shown: texts on one
// line, and at most MaxFindings. One without a name or a text is dropped.
func CleanFindings(told []Finding) []Finding {
	var all []Finding
	for _, f := range told[:min(len(told), MaxFindings)] {
		f.Name, f.What = oneLine(f.Name, maxFindingName), oneLine(f.What, maxFindingText)
		f.Why, f.Fix = oneLine(f.Why, maxFindingText), oneLine(f.Fix, maxFindingText)
		if f.Level != FindingError {
			f.Level = FindingWarning
		}
		if f.Name != "" && f.What != "" {
			all = append(all, f)
		}
	}
	return all
}

// HasErrors reports whether one of the findings is an error.
func HasErrors(found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Level == FindingError })
}
