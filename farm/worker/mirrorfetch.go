package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/cache"
)

// fetch brings what the task reads into its job's folder.
func (m *mirrored) fetch(ctx context.Context) error {
	if m == nil {
		return nil
	}
	var list api.MirrorFiles
	err := m.retrying(ctx, "cannot ask which files a task reads", func() (err error) {
		list, err = m.manager().FetchTaskFiles(ctx, m.r.task.UUID)
		return err
	})
	switch {
	case api.StatusOf(err) == http.StatusPreconditionFailed:
		return wrongWorker("%v", err)
	case err != nil:
		return err
	}
	if err := os.MkdirAll(m.root, 0o755); err != nil {
		return farm.Errorf(farm.Invalid, "the folder for the job's files cannot be made in this worker's mirror: %w", err)
	}
	if err := m.forget(list.Files); err != nil {
		return err
	}
	begun, bytes := time.Now(), m.rate.passed()
	if err := m.fetchAll(ctx, list.Files); err != nil {
		return err
	}
	m.fetched = true
	if n := m.rate.passed() - bytes; n > 0 {
		m.r.Log("mirror: fetched %s in %s; %d files in all", farm.Size(n), farm.Duration(time.Since(begun).Round(time.Millisecond)), len(list.Files))
	}
	return nil
}

func (m *mirrored) manager() Manager { return m.r.worker.manager() }

// forget removes what runs before the last one sent, whose previews are made by now, and
// what is at the places of files that the storage does not have any more.
func (m *mirrored) forget(list []farm.MirrorFile) error {
	there := make(map[string]bool, len(list))
	for _, f := range list {
		there[f.Path] = true
	}
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	for name := range m.sent {
		if !m.over[name] && there[name] {
			m.over[name] = true
			continue
		}
		delete(m.sent, name)
		delete(m.over, name)
		if m.lstat(name) == m.known[name] {
			os.Remove(m.at(name))
		}
		delete(m.known, name)
	}
	return nil
}

// fetchAll fetches files over some connections at a time.
func (m *mirrored) fetchAll(ctx context.Context, list []farm.MirrorFile) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan farm.MirrorFile)
	var lines sync.WaitGroup
	for range min(m.lines, len(list)) {
		lines.Go(func() {
			for f := range queue {
				if err := m.bring(ctx, f); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for _, f := range list {
		select {
		case queue <- f:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	lines.Wait()
	return context.Cause(ctx)
}

// bring puts one file into the folder of the job. One that may be where the task saves
// is only a name, until Blender says that it leaves it as it is.
func (m *mirrored) bring(ctx context.Context, f farm.MirrorFile) error {
	if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
		return farm.Errorf(farm.Invalid, "the manager offers the file %q, which is no path below the storage", f.Path)
	}
	if f.Optional {
		return m.name(f)
	}
	path, key, err := m.get(ctx, f)
	if err != nil {
		return err
	}
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	m.inputs = append(m.inputs, f.Path)
	want := treeFile{key.Size, key.Stamp()}
	if now := m.lstat(f.Path); now.size == want.size && now.modified.Equal(want.modified) {
		m.known[f.Path] = now
		return nil
	}
	if err := link(path, m.at(f.Path), key); err != nil {
		return farm.Errorf(farm.Invalid, "%s cannot be put into the job's folder in this worker's mirror: %w", f.Path, err)
	}
	m.known[f.Path] = m.lstat(f.Path)
	return nil
}

// link makes a file of the cache appear at a path, in the place of what is there.
func link(from, to string, key cache.Key) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if os.Link(from, to) == nil {
		return nil
	}
	return copyOver(from, to, key.Stamp())
}

// copyOver makes a file a copy of another one, with this time of its last change.
func copyOver(from, to string, modified time.Time) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), os.Chtimes(to, modified, modified))
}

// name makes an empty file in the place of one that the storage has.
func (m *mirrored) name(f farm.MirrorFile) error {
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	if m.lstat(f.Path) != (treeFile{}) {
		return nil
	}
	path := m.at(f.Path)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, nil, 0o644)
	}
	if err == nil {
		err = os.Chtimes(path, f.Modified, f.Modified)
	}
	if err != nil {
		return farm.Errorf(farm.Invalid, "the name of %s cannot be made in this worker's mirror: %w", f.Path, err)
	}
	m.known[f.Path], m.noted[f.Path] = m.lstat(f.Path), f
	return nil
}

// left fetches a file that Blender found and left as it is, which is only a name so far,
// so that it can be read back.
func (m *mirrored) left(ctx context.Context, path string) error {
	name, ok := m.below(path)
	if !ok {
		return nil
	}
	m.tree.mu.Lock()
	f, noted := m.noted[name]
	m.tree.mu.Unlock()
	if !noted {
		return nil
	}
	from, _, err := m.get(ctx, f)
	if err != nil {
		return err
	}
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	if err := copyOver(from, m.at(name), f.Modified); err != nil {
		return err
	}
	m.known[name] = m.lstat(name)
	delete(m.noted, name)
	return nil
}

// below returns the path of a file below the job's folder, if it is there.
func (m *mirrored) below(path string) (string, bool) {
	if m == nil {
		return "", false
	}
	rel, err := filepath.Rel(m.root, filepath.FromSlash(path))
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// foreign reports whether a path is of the storage as the manager has it: a file that
// names one does not mean this worker's mirror.
func (m *mirrored) foreign(path string) bool {
	if m == nil {
		return false
	}
	_, mine := m.below(path)
	storage := m.r.worker.place().storage
	return !mine && storage != "" && strings.HasPrefix(slashes(path), strings.TrimRight(slashes(storage), "/")+"/")
}

// get returns the path of a file's content in the cache, and keeps it there for the run.
func (m *mirrored) get(ctx context.Context, f farm.MirrorFile) (string, cache.Key, error) {
	key := cache.Key{SHA: f.SHA256, Size: f.Size}
	d := &download{m: m, path: f.Path, sha: f.SHA256}
	defer d.close()
	if f.SHA256 == "" { // nobody has read it yet
		if err := d.open(ctx, 0); err != nil {
			return "", key, err
		}
		key.SHA = d.sha
	}
	path, release, err := m.files.Get(ctx, key, d.fetch)
	switch {
	case farm.KindOf(err) == farm.Mismatch:
		return "", key, farm.Errorf(farm.Mismatch, "%s cannot be fetched from the manager: %w. It was changed, or is damaged there", f.Path, err)
	case farm.KindOf(err) == farm.NoRoom:
		return "", key, wrongWorker("%v", err)
	case err != nil:
		return "", key, err
	}
	m.tree.mu.Lock()
	m.release = append(m.release, release)
	m.tree.mu.Unlock()
	return path, key, nil
}

// A download is a file that is being fetched.
type download struct {
	m    *mirrored
	path string
	sha  string // "": not known yet
	body *api.TaskFile
	at   int64 // where in the file body goes on
}

// open begins at an offset, for as long as it takes to reach the manager.
func (d *download) open(ctx context.Context, offset int64) error {
	if d.body != nil && d.at == offset {
		return nil
	}
	d.close()
	return d.m.retrying(ctx, "cannot fetch a file for a task", func() error {
		f, err := d.m.manager().FetchTaskFile(ctx, d.m.r.task.UUID, d.path, offset)
		if err != nil {
			return err
		}
		if d.sha != "" && f.SHA256 != d.sha || f.SHA256 == "" || f.Offset != offset {
			f.Close()
			return farm.Errorf(farm.Mismatch, "%s was changed while it was fetched", d.path)
		}
		d.sha, d.body, d.at = f.SHA256, f, offset
		return nil
	})
}

func (d *download) close() {
	if d.body != nil {
		d.body.Close()
		d.body = nil
	}
}

// fetch writes the file from the offset on. A line that is cut is continued.
func (d *download) fetch(ctx context.Context, offset int64, to io.Writer) error {
	buffer := make([]byte, 256<<10)
	for {
		if err := d.open(ctx, offset); err != nil {
			return err
		}
		from := &readError{Reader: d.body}
		n, err := io.CopyBuffer(to, d.m.rate.reader(ctx, from), buffer)
		offset += n
		d.close()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case from.err == nil:
			return err // all of it came, or it could not be written
		}
		d.m.log.Debug("a file is fetched on after the line was cut", "file", d.path, "offset", offset, "error", from.err)
		if api.Sleep(ctx, jitter(firstRetry, 0.5)) != nil {
			return context.Cause(ctx)
		}
	}
}

// A readError remembers why reading failed.
type readError struct {
	io.Reader
	err error
}

// Read reads.
func (r *readError) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		r.err = fmt.Errorf("read from the manager: %w", err)
	}
	return n, err
}
