package farm

import (
	"cmp"
	"slices"
)

// Types of tasks that make a difference to who gets them: those that run Blender, those
// that make videos of frames, and those that use no files.
const (
	TypeBlender = "blender"
	TypeFFmpeg  = "ffmpeg"
	TypeMisc    = "misc"
)

// BlenderMatch says which Blenders may open the file of a job.
type BlenderMatch uint8

const (
	// MatchSame is the version that saved the file where a worker has it, else a newer one.
	MatchSame BlenderMatch = iota
	// MatchNewer is that version or any newer one.
	MatchNewer
	// MatchAny looks at no versions when tasks are handed out.
	MatchAny
)

var blenderMatchNames = [...]string{"same", "newer", "any"}

// String returns the name that settings have.
func (m BlenderMatch) String() string { return nameOf(blenderMatchNames[:], m) }

// ParseBlenderMatch reads a name of String.
func ParseBlenderMatch(name string) (BlenderMatch, bool) {
	return parseName[BlenderMatch](blenderMatchNames[:], name)
}

// A BlenderNeed is which Blender a job wants for its tasks of type TypeBlender, what
// for, and whether its workers must have the farm's shared storage. The zero value stands
// for any: the version of the file is not known.
type BlenderNeed struct {
	Version BlenderVersion // that saved the file
	Match   BlenderMatch
	GPU     bool // it must be able to render on a graphics card
	Storage bool // the worker must have the storage, and not only a mirror of it
}

// For returns what tasks of the type need: no Blender if they do not run it, and only
// what makes a difference.
func (n BlenderNeed) For(taskType string) BlenderNeed {
	switch {
	case taskType == TypeMisc:
		return BlenderNeed{}
	case taskType != TypeBlender:
		return BlenderNeed{Storage: n.Storage}
	case n.Version.IsZero() || n.Match == MatchAny:
		return BlenderNeed{GPU: n.GPU, Storage: n.Storage}
	}
	return n
}

// Compare orders needs, by version first.
func (n BlenderNeed) Compare(o BlenderNeed) int {
	number := func(b bool) int { return map[bool]int{true: 1}[b] }
	return cmp.Or(n.Version.Compare(o.Version), cmp.Compare(n.Match, o.Match), cmp.Compare(number(n.GPU), number(o.GPU)), cmp.Compare(number(n.Storage), number(o.Storage)))
}

// IsZero reports whether any Blender will do.
func (n BlenderNeed) IsZero() bool { return n == BlenderNeed{} }

// WithGPU returns the need with what the tasks of a job require: a graphics card, if the
// parameter "gpu" of the first that runs Blender says so.
func (n BlenderNeed) WithGPU(tasks []PlannedTask) BlenderNeed {
	if i := slices.IndexFunc(tasks, func(t PlannedTask) bool { return t.Type == TypeBlender }); i >= 0 {
		n.GPU = slices.ContainsFunc(tasks[i].Commands, func(c Command) bool { return c.parameter("gpu") == GPURequire })
	}
	return n
}

// GPURequire is the value of the parameter "gpu" of a command that does not render
// without a graphics card.
const GPURequire = "require"

// BlenderFit is how the Blenders of a worker suit a file.
type BlenderFit uint8

const (
	BlenderTooOld  BlenderFit = iota // all are older: they would lose part of it
	BlenderNewer                     // none has its version, and one is newer
	BlenderSame                      // one has its version
	BlenderUnknown                   // the worker does not tell what it has
)

// Fit says how a worker that has these versions suits the need; none stand for a
// worker that does not tell.
func (n BlenderNeed) Fit(has []BlenderVersion) BlenderFit {
	switch {
	case n.Version.IsZero():
		return BlenderSame
	case len(has) == 0:
		return BlenderUnknown
	case slices.Contains(has, n.Version):
		return BlenderSame
	case slices.ContainsFunc(has, func(v BlenderVersion) bool { return v.Compare(n.Version) > 0 }):
		return BlenderNewer
	}
	return BlenderTooOld
}

// Versions returns the versions of the Blenders that a worker has or can fetch, the
// oldest first, each once; none if it tells none.
func (f *WorkerFacts) Versions() (versions []BlenderVersion) {
	if f == nil {
		return nil
	}
	texts := slices.Clone(f.Fetchable)
	for _, b := range f.Blenders {
		texts = append(texts, b.Version)
	}
	for _, text := range texts {
		if v, ok := ParseBlenderVersion(text); ok {
			versions = append(versions, v)
		}
	}
	slices.SortFunc(versions, BlenderVersion.Compare)
	return slices.Compact(versions)
}
