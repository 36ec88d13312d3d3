package jsjobs

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
)

// Options configure a Library. The zero value has the built-in job types only.
type Options struct {
	Dir     string        // folder with the user's scripts; it need not exist, and may come later
	Timeout time.Duration // what a script may compute in one run; 0 means 10 s
	Memory  uint64        // bytes that a run may have; 0 means 512 MiB
	Log     *slog.Logger  // gets what scripts print; nil discards it
	Encoded bool          // leave the parameters of planned commands encoded: for a plan that is stored, not looked at
}

// Library is the job types of a farm. Its methods may be called at any time
// from any goroutine.
type Library struct {
	dir     string
	timeout time.Duration
	memory  uint64
	log     *slog.Logger
	encoded bool

	mu    sync.Mutex             // guards what follows; nothing is waited for under it
	texts map[string]*text       // files of dir by path in it
	types map[string]*definition // by file name
	turns map[string]chan struct{}
}

// New returns the job types in o.Dir and the built-in ones.
func New(o Options) *Library {
	return &Library{
		dir:     o.Dir,
		timeout: cmp.Or(o.Timeout, 10*time.Second),
		memory:  cmp.Or(o.Memory, 512<<20),
		log:     cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		encoded: o.Encoded,
		texts:   map[string]*text{},
		types:   map[string]*definition{},
		turns:   map[string]chan struct{}{},
	}
}

// Types returns the job types that can be used, sorted by name.
func (l *Library) Types(ctx context.Context) ([]farm.JobType, error) {
	scripts, err := l.scripts()
	if err != nil {
		return nil, err
	}
	types := make([]farm.JobType, 0, len(scripts))
	for _, s := range scripts {
		d, err := l.define(ctx, s)
		if err != nil {
			return nil, err
		}
		if d.err == nil {
			types = append(types, d.jobType)
		}
	}
	return types, nil
}

// Type returns the job type with the name. It is NotFound if there is none,
// and Invalid with the reason if its script is broken.
func (l *Library) Type(ctx context.Context, name string) (farm.JobType, error) {
	_, d, err := l.find(ctx, name)
	if err != nil {
		return farm.JobType{}, err
	}
	return d.jobType, d.err
}

// Broken returns the scripts that cannot be used, sorted by name.
func (l *Library) Broken(ctx context.Context) []farm.BrokenType {
	scripts, err := l.scripts()
	if err != nil {
		return []farm.BrokenType{{File: l.dir, Error: err.Error()}}
	}
	var broken []farm.BrokenType
	for _, s := range scripts {
		if d, err := l.define(ctx, s); err == nil && d.err != nil {
			broken = append(broken, farm.BrokenType{Name: s.name, File: s.file, Error: d.err.Error()})
		}
	}
	return broken
}

// Source returns the script of a job type, whether it can be used or not, and its file name
// in the folder of the user's scripts; "" if it comes with the program. NotFound.
func (l *Library) Source(name string) (file, source string, err error) {
	scripts, err := l.scripts()
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(scripts, func(s *script) bool { return s.name == name })
	if i < 0 {
		return "", "", unknownType(name, scripts)
	}
	text, err := l.read(scripts[i].file)
	if err != nil {
		return "", "", err
	}
	if !scripts[i].builtin {
		file = scripts[i].file
	}
	return file, text.body, nil
}

// find returns the script and definition of a job type, which may be broken.
func (l *Library) find(ctx context.Context, name string) (*script, *definition, error) {
	scripts, err := l.scripts()
	if err != nil {
		return nil, nil, err
	}
	i, ok := slices.BinarySearchFunc(scripts, name, func(s *script, name string) int { return cmp.Compare(s.name, name) })
	if !ok {
		return nil, nil, unknownType(name, scripts)
	}
	d, err := l.define(ctx, scripts[i])
	return scripts[i], d, err
}

// unknownType is the error for a job type that is not there; it names those that are.
func unknownType(name string, scripts []*script) error {
	known := ""
	for i, s := range scripts {
		if i > 0 {
			known += ", "
		}
		known += s.name
	}
	return farm.Errorf(farm.NotFound, "job type unknown: %q; known are %s", brief(name), known)
}
