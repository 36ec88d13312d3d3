package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store/cache"
)

// send sends what the task has saved. When it returns without an error, all of it is in
// its place in the storage.
func (m *mirrored) send(ctx context.Context) error {
	if m == nil {
		return nil
	}
	if !m.looked {
		m.note(m.look())
	}
	if m.damage != nil {
		return m.damage
	}
	begun := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan string, len(m.saved))
	for _, name := range m.saved {
		queue <- name
	}
	close(queue)
	var lines sync.WaitGroup
	var mu sync.Mutex // guards bytes
	var bytes int64
	for range min(m.lines, len(m.saved)) {
		lines.Go(func() {
			for name := range queue {
				n, err := m.sendFile(ctx, name)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				bytes += n
				mu.Unlock()
			}
		})
	}
	lines.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if len(m.saved) > 0 {
		m.r.Log("mirror: sent %s, %s, in %s", farm.Count(len(m.saved), "file"), farm.Size(bytes), farm.Duration(time.Since(begun).Round(time.Millisecond)))
	}
	return nil
}

// sendFile sends one file, as often as it takes, and returns its size.
func (m *mirrored) sendFile(ctx context.Context, name string) (int64, error) {
	sum, info, err := m.sumOf(ctx, name)
	if err != nil {
		return 0, err
	}
	u := api.TaskUpload{Path: name, SHA256: sum, Size: info.Size(), Mode: m.r.worker.options.FileMode}
	err = m.retrying(ctx, "cannot send what a task saved", func() error { return m.sendOnce(ctx, u) })
	if err != nil {
		return 0, sendError(name, err)
	}
	return u.Size, m.isSent(name, cache.Key{SHA: sum, Size: u.Size})
}

// sendError says what to do about a file that the manager does not take.
func sendError(name string, err error) error {
	switch api.StatusOf(err) {
	case 0, http.StatusConflict, http.StatusNotFound:
		return err
	}
	return farm.Errorf(farm.Invalid, "%s cannot be sent to the farm's shared storage: %w", name, err)
}

// sumOf reads a file that the task has saved. It must not have been changed since.
func (m *mirrored) sumOf(ctx context.Context, name string) (string, fs.FileInfo, error) {
	gone := func(err error) error {
		return &givenBack{farm.Errorf(farm.Conflict, "%s was changed or removed in this worker's mirror before it was sent: %w", name, err)}
	}
	f, err := os.Open(m.at(name))
	if err != nil {
		return "", nil, gone(err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, untilDone{ctx, f}, make([]byte, 256<<10))
	if err != nil {
		return "", nil, err
	}
	info, err := f.Stat()
	m.tree.mu.Lock()
	was := m.claim[name]
	m.tree.mu.Unlock()
	if err != nil || n != was.size || !was.modified.Equal(info.ModTime()) {
		return "", nil, gone(errors.Join(err, errors.New("it is not what was looked at")))
	}
	return hex.EncodeToString(sum.Sum(nil)), info, nil
}

// sendOnce sends what the manager does not have of a file.
func (m *mirrored) sendOnce(ctx context.Context, u api.TaskUpload) error {
	have, err := m.manager().FetchTaskUpload(ctx, m.r.task.UUID, u)
	if err != nil || have.Whole {
		return err
	}
	f, err := os.Open(m.at(u.Path))
	if err != nil {
		return farm.Errorf(farm.Invalid, "%s cannot be read in this worker's mirror: %w", u.Path, err)
	}
	defer f.Close()
	if _, err := f.Seek(have.Offset, io.SeekStart); err != nil {
		return err
	}
	u.Offset, u.Body = have.Offset, m.rate.reader(ctx, f)
	err = m.manager().SaveTaskFile(ctx, m.r.task.UUID, u)
	if api.StatusOf(err) == http.StatusExpectationFailed { // what an earlier try left was bad, and is gone
		return farm.Errorf(farm.Busy, "%w", err)
	}
	return err
}

// isSent notes that a file is in the storage. Its content stays in the mirror for tasks
// that read it.
func (m *mirrored) isSent(name string, key cache.Key) error {
	m.files.Add(key, m.at(name))
	m.tree.mu.Lock()
	defer m.tree.mu.Unlock()
	m.known[name] = m.lstat(name)
	m.sent[name], m.over[name] = true, false
	delete(m.claim, name)
	return nil
}
