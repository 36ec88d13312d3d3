package api

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
)

// A Sending is the files of a job on their way into a checkout of the farm, for
// a submitter that shares no folder with it. Fill it in and call Send, once.
type Sending struct {
	Client   *Client
	Files    []SendFile
	Checkout string             // the path it should get, usually the job's name
	Parallel int                // uploads at a time; 0 means 4
	Progress func(SendProgress) // told now and then, never twice at once; may be nil. It must be quick

	progress sendProgress
	patience patience
}

// A SendFile is one file of a Sending.
type SendFile struct {
	Path   string // in the checkout, relative, forward slashes
	Source string // on this computer
	SHA    string // SHA-256 in hexadecimal, if the caller knows it; filled in otherwise
	Size   int64  // in bytes; without a SHA what it should still be, or 0 for whatever it is
}

// Sent is what became of a Sending.
type Sent struct {
	Checkout string // the path that the checkout got, below the farm's {jobs}
	Files    int    // files that were uploaded
	Bytes    int64  // bytes that went over the network for them
	Known    int64  // bytes of files that the farm had already
}

// maxRounds bounds how often missing files are asked for and sent: between two
// rounds the farm may lose files only if it cleans its store, or is restarted.
const maxRounds = 5

// Send hashes the files, uploads those that the farm does not have, and has a
// checkout made of them. Uploads that break off are continued. When it fails or
// is canceled, what was uploaded so far is of use to the next try.
func (s *Sending) Send(ctx context.Context) (Sent, error) {
	s.progress.tell = s.Progress
	if s.Parallel <= 0 {
		s.Parallel = 4
	}
	if err := s.hash(ctx); err != nil {
		return Sent{}, err
	}
	all := make(List[ShamanFileSpec], len(s.Files))
	sources := make(map[FileID]*SendFile, len(s.Files))
	for i := range s.Files {
		f := &s.Files[i]
		all[i] = ShamanFileSpec{SHA: f.SHA, Size: f.Size, Path: f.Path}
		sources[FileID{f.SHA, f.Size}] = f
	}
	for round := 1; ; round++ {
		if err := s.upload(ctx, all, sources, round == 1); err != nil {
			return Sent{}, err
		}
		s.progress.stage(StageCheckout, 0, 0)
		answer, err := again(ctx, &s.patience, func() (ShamanCheckoutResult, error) {
			return s.Client.ShamanCheckout(ctx, ShamanCheckout{Files: all, CheckoutPath: s.Checkout})
		})
		if StatusOf(err) == http.StatusFailedDependency {
			if round < maxRounds {
				continue
			}
			return Sent{}, farm.Errorf(farm.Conflict, "the farm keeps missing files that it was sent: look into the log of the manager, or try again later. It says: %w", err)
		}
		if err != nil {
			return Sent{}, err
		}
		sent := s.progress.sent
		sent.Checkout = answer.CheckoutPath
		return sent, nil
	}
}

// FileID is what tells the content of a file.
type FileID struct {
	SHA  string
	Size int64
}

// upload sends what the farm does not have.
func (s *Sending) upload(ctx context.Context, all List[ShamanFileSpec], sources map[FileID]*SendFile, first bool) error {
	needed, err := again(ctx, &s.patience, func() (ShamanRequirementsResponse, error) {
		return s.Client.ShamanCheckoutRequirements(ctx, ShamanRequirementsRequest{Files: all})
	})
	if err != nil {
		return err
	}
	var todo []*SendFile
	var bytes int64
	// What somebody else is sending comes last: it may be there by then.
	slices.SortStableFunc(needed.Files, func(a, b ShamanFileSpecWithStatus) int { return lateness(a) - lateness(b) })
	for _, f := range needed.Files {
		source := sources[FileID{f.SHA, f.Size}]
		if source == nil {
			return farm.Errorf(farm.Unavailable, "the farm asks for a file that was not offered, %q: is %s a manager?", f.Path, s.Client.Base)
		}
		todo = append(todo, source)
		bytes += f.Size
	}
	if first {
		var whole int64
		for id := range sources {
			whole += id.Size
		}
		s.progress.known(whole - bytes)
	}
	s.progress.stage(StageUpload, len(todo), bytes)
	deferred, err := s.each(ctx, todo, true)
	if err != nil {
		return err
	}
	_, err = s.each(ctx, deferred, false)
	return err
}

func lateness(f ShamanFileSpecWithStatus) int {
	if f.Status == ShamanUploading {
		return 1
	}
	return 0
}

// each sends files, some at a time, and returns those that somebody else is sending.
func (s *Sending) each(ctx context.Context, files []*SendFile, mayDefer bool) (deferred []*SendFile, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *SendFile)
	var mu sync.Mutex // guards deferred
	var workers sync.WaitGroup
	for range min(s.Parallel, len(files)) {
		workers.Go(func() {
			for f := range queue {
				switch stored, err := s.sendFile(ctx, f, mayDefer); {
				case err != nil:
					cancel(err)
				case !stored:
					mu.Lock()
					deferred = append(deferred, f)
					mu.Unlock()
				}
			}
		})
	}
feed:
	for _, f := range files {
		select {
		case queue <- f:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	return deferred, context.Cause(ctx)
}

// patience says how long to go on with a manager that cannot be reached: it may
// be restarting.
type patience struct {
	mu    sync.Mutex // guards since
	since time.Time  // of the first failure after the last success; zero: none
}

const (
	patient    = 2 * time.Minute
	firstPause = 250 * time.Millisecond
	mostPause  = 5 * time.Second
)

// lasts notes a failure that may pass, and reports whether to try again.
func (p *patience) lasts() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		p.since = time.Now()
	}
	return time.Since(p.since) < patient
}

// succeeded begins anew.
func (p *patience) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
}

// uploadable reports whether an upload is worth another try. A file store answers
// 503 when it is switched off, or when its disk is away, which the user has to know.
func uploadable(err error) bool {
	return Transient(err) && StatusOf(err) != http.StatusServiceUnavailable
}

// again makes a call until it succeeds, or fails for good.
func again[T any](ctx context.Context, p *patience, f func() (T, error)) (T, error) {
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		v, err := f()
		if err == nil {
			p.succeeded()
			return v, nil
		}
		if ctx.Err() != nil || !uploadable(err) || !p.lasts() {
			return v, err
		}
		if err := Sleep(ctx, pause); err != nil {
			return v, err
		}
	}
}
