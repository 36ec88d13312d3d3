package jsjobs

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"renderfarm/farm"
)

// definition is what a script says of its job type, as long as the files it
// was made from stay the same.
type definition struct {
	source  string
	sum     digest
	modules []dependency
	jobType farm.JobType
	err     error // why the script cannot be used
}

// dependency is a file that a run of a script asked for. Without a sum it was
// not there.
type dependency struct {
	name string
	sum  digest
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
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EIO):
		// No mistake of the script: who submits has to try again, and not to give up.
		return nil, fmt.Errorf("cannot read %s: %w", s.file, err)
	case err != nil:
		return &definition{err: farm.Errorf(farm.Invalid, "cannot read %s: %w", s.file, err)}, nil
	}
	// Who comes while a script is read waits for that, instead of doing the same.
	turn := l.turn(s.file)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	d := l.types[s.file]
	l.mu.Unlock()
	if d != nil && d.sum == t.sum && l.unchanged(d.modules) {
		return d, nil
	}
	if d, err = l.evaluate(ctx, s, t); err != nil {
		return nil, err
	}
	l.mu.Lock()
	remember(l.types, s.file, d)
	l.mu.Unlock()
	return d, nil
}

// turn is what one who defines a job type of a file holds.
func (l *Library) turn(file string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns[file] == nil {
		remember(l.turns, file, make(chan struct{}, 1))
	}
	return l.turns[file]
}

// evaluate has a script say what its job type is.
func (l *Library) evaluate(ctx context.Context, s *script, t *text) (*definition, error) {
	d := &definition{source: t.body, sum: t.sum}
	r, err := l.run(ctx, order{File: s.file, Source: t.body})
	if r != nil {
		d.modules = r.modules // of a broken script too: one of them may be what is broken
	}
	switch {
	case err == nil:
		d.jobType, d.err = l.jobType(s, r.Type)
	case farm.KindOf(err) != farm.Invalid || ctx.Err() != nil:
		return nil, err // says nothing about the script
	default:
		d.err = err
	}
	return d, nil
}

// unchanged reports whether modules are still as they were read.
func (l *Library) unchanged(modules []dependency) bool {
	for _, dep := range modules {
		t, err := l.read(dep.name)
		missing := errors.Is(err, fs.ErrNotExist)
		if missing != (dep.sum == digest{}) || !missing && (err != nil || t.sum != dep.sum) {
			return false
		}
	}
	return true
}

// jobType reads what a script's JOB_TYPE says.
func (l *Library) jobType(s *script, fields map[string]any) (farm.JobType, error) {
	t, err := jobType(s.name, fields, l.log.With("script", s.file).Warn)
	if err != nil {
		return t, farm.Errorf(farm.Invalid, "%s: %w", s.file, err)
	}
	return t, nil
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
// the SHA-1 of its JSON with an empty etag. Clients compare it and never compute
// it, so only that it changes with the job type matters.
func etag(t farm.JobType) string {
	t.ETag = ""
	text, err := json.Marshal(t)
	if err != nil { // there is nothing in it that JSON lacks
		return ""
	}
	hash := sha1.Sum(text)
	return hex.EncodeToString(hash[:])
}
