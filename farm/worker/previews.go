package worker

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/picture"
)

const (
	// previewPause keeps previews of quick frames apart, and previewShare those of large
	// ones, by so many times what the one before took: encoding them must not take the
	// time that rendering needs.
	previewPause = time.Second
	previewShare = 50
	// previewTries is how often a preview is offered to a busy manager.
	previewTries = 3
	// previewWidth and previewHeight are how large the manager keeps previews, in pixels.
	previewWidth, previewHeight = 1920, 1080
)

// previews sends rendered images to the manager, as JPEG: OpenEXR as large as the
// manager keeps previews, others in full size. They
// are for people to look at: the newest one counts, and one that cannot be
// read or delivered is skipped. It runs beside the tasks, and may
// finish one of a task that has ended.
type previews struct {
	manager func() Manager
	log     *slog.Logger

	mu   sync.Mutex // guards next
	next *preview   // the newest that waits; nil for none
	wake chan struct{}
}

type preview struct {
	task farm.TaskID
	path string
}

func newPreviews(manager func() Manager, log *slog.Logger) *previews {
	return &previews{manager: manager, log: log, wake: make(chan struct{}, 1)}
}

// show offers an image. It replaces one that waits.
func (p *previews) show(task farm.TaskID, path string) {
	p.mu.Lock()
	p.next = &preview{task, path}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default: // it will wake up for an earlier one
	}
}

func (p *previews) take() *preview {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.next
	p.next = nil
	return next
}

// run sends previews until ctx is canceled.
func (p *previews) run(ctx context.Context) {
	for {
		select {
		case <-p.wake:
		case <-ctx.Done():
			return
		}
		next := p.take()
		if next == nil {
			continue
		}
		took, err := p.send(ctx, next)
		if err != nil && ctx.Err() == nil {
			p.log.Debug("no preview", "task", next.task, "file", next.path, "error", err)
		}
		if api.Sleep(ctx, max(previewPause, previewShare*took)) != nil {
			return
		}
	}
}

// send sends a preview, and returns how long it took to encode it.
func (p *previews) send(ctx context.Context, v *preview) (took time.Duration, err error) {
	began := time.Now()
	image, err := unlessCanceled(ctx, func() ([]byte, error) { return asJPEG(v.path) })
	if took = time.Since(began); err != nil {
		return took, err
	}
	var retry backoff
	for try := 1; ; try++ {
		manager := p.manager()
		if manager == nil {
			return took, nil // signing on anew; the task is not its any more
		}
		err = manager.TaskOutputProduced(ctx, v.task, "image/jpeg", image)
		if err == nil || !api.Transient(err) || try == previewTries || p.newer() {
			return took, err
		}
		if !retry.pause(ctx) {
			return took, err
		}
	}
}

// newer reports whether another preview waits, which makes this one old.
func (p *previews) newer() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next != nil
}

func asJPEG(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, farm.Errorf(farm.Unsupported, "%s is not a file", path) // a named pipe could be waited for for ever
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, _, err := picture.Decode(file)
	if farm.KindOf(err) == farm.Unsupported {
		m, err = picture.Reduced(file, info.Size(), previewWidth, previewHeight, picture.MaxMemory)
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := picture.JPEG(&b, m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
