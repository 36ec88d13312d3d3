package jsjobs

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"renderfarm/farm"
)

// definition is what a script says of its job type, as long as the files it
// was made from stay the same.
type definition struct {
	program *program
	sum     digest
	modules []dependency
	jobType farm.JobType
	err     error // why the script cannot be used
}

// define returns the definition of a job type, from the cache if its files are
// unchanged. The error is about this request only; a script's own mistakes are
// in the definition.
func (l *Library) define(ctx context.Context, s *script) (*definition, error) {
	if s.err != nil {
		return &definition{err: s.err}, nil
	}
	read := l.read
	if s.builtin {
		read = readBuiltin
	}
	t, err := read(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, farm.Errorf(farm.NotFound, "job type unknown: %s was removed just now", s.name)
	case err != nil:
		return &definition{err: farm.Errorf(farm.Invalid, "cannot read %s: %w", s.file, err)}, nil
	}
	l.mu.Lock()
	d := l.types[s.file]
	l.mu.Unlock()
	if d != nil && d.sum == t.sum && l.unchanged(d.modules) {
		return d, nil
	}
	// Two requests may come to do this at the same time; the later one wins, and
	// both are right.
	d = &definition{program: l.program(s.file, t, false), sum: t.sum}
	if d.err = d.program.err; d.err == nil {
		d.err = l.inVM(ctx, d.program, func(m *machine) error { return m.describe(s, d) })
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // says nothing about the script
	}
	l.mu.Lock()
	remember(l.types, s.file, d)
	l.mu.Unlock()
	return d, nil
}

// unchanged reports whether modules are still as they were read.
func (l *Library) unchanged(modules []dependency) bool {
	for _, dep := range modules {
		if t, err := l.read(dep.name); err != nil || t.sum != dep.sum {
			return false
		}
	}
	return true
}

// describe reads the script's JOB_TYPE. It also looks for compileJob, so that
// a script without one is known as broken before somebody submits a job.
func (m *machine) describe(s *script, d *definition) error {
	d.modules = m.sums
	v, err := m.vm.Get("JOB_TYPE")
	if err != nil || v.Class() != "Object" {
		return farm.Errorf(farm.Invalid, "script (%s) does not define a JOB_TYPE object", s.file)
	}
	if f, err := m.vm.Get("compileJob"); err != nil || !f.IsFunction() {
		return farm.Errorf(farm.Invalid, "script (%s) does not define a compileJob(job) function", s.file)
	}
	// A type is sent to every client that starts, so it may not be larger than
	// its script.
	size := int64(maxScript)
	converted, err := m.fromJS(v, &size)
	if err != nil {
		return m.explain(err)
	}
	fields, _ := converted.(map[string]any)
	d.jobType, err = jobType(s.name, fields, m.log.Warn)
	if err != nil {
		return farm.Errorf(farm.Invalid, "%s: %w", s.file, err)
	}
	return nil
}

// jobType reads a JOB_TYPE. warn is told of what is ignored.
func jobType(name string, fields map[string]any, warn func(string, ...any)) (farm.JobType, error) {
	t := farm.JobType{Name: name, Settings: []farm.Setting{}}
	t.Label, _ = fields["label"].(string)
	if t.Label == "" {
		t.Label = titled(name)
	}
	t.Description, _ = fields["description"].(string)
	settings, ok := fields["settings"].([]any)
	if !ok && fields["settings"] != nil {
		return t, fmt.Errorf("JOB_TYPE.settings must be a list")
	}
	seen := map[string]bool{}
	for i, v := range settings {
		f, ok := v.(map[string]any)
		if !ok {
			return t, fmt.Errorf("setting number %d of JOB_TYPE is not an object", i+1)
		}
		s, err := setting(f, warn)
		if err != nil {
			return t, fmt.Errorf("setting %q of JOB_TYPE: %w", brief(fmt.Sprint(f["key"])), err)
		}
		if seen[s.Key] {
			return t, fmt.Errorf("JOB_TYPE has two settings with the key %q", s.Key)
		}
		seen[s.Key] = true
		t.Settings = append(t.Settings, s)
	}
	t.ETag = etag(t)
	return t, nil
}

// etag returns the hash by which submitters notice that a job type changed:
// the SHA-1 of its JSON with an empty etag. (wire 7.1)
func etag(t farm.JobType) string {
	t.ETag = ""
	text, err := json.Marshal(t)
	if err != nil { // there is nothing in it that JSON lacks
		return ""
	}
	hash := sha1.Sum(text)
	return hex.EncodeToString(hash[:])
}
