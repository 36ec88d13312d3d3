// Package upload brings a pack to a farm that shares no folder with this
// computer: through the manager's store of contents, called Shaman. Only what
// the farm does not have is sent, what broke off goes on where it was, and the
// files become visible in a folder of their own all at once, at the end. Memory
// does not grow with the size of the files.
package upload

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// Progress is how far an upload has come.
type Progress struct {
	Phase    string // "Hashing" or "Uploading"
	Files    int    // done, of AllFiles
	AllFiles int
	Bytes    int64 // done, of AllBytes
	AllBytes int64
}

// A Tell is told of progress, about ten times a second at most and at the end of
// each phase. It may be nil; it is called by one goroutine at a time.
type Tell func(Progress)

// A Result is what became of an upload.
type Result struct {
	Checkout string // folder below the farm's {jobs}, with forward slashes
	Files    int    // that had to be sent
	Bytes    int64  // that had to be sent
}

// Bounds on trying. Files may be collected, or sent by others, between asking
// what is missing and putting them together.
const (
	maxRounds = 10
	maxTries  = 6 // of one file, if the connection breaks
)

// abreast is how many files are hashed, or sent, at a time: enough for many
// small ones not to wait for each other's answers.
const abreast = 4

// Pack brings all files of the pack to the farm, into a folder that is named
// like checkout or similar. Errors are those of the client, and farm.Conflict for
// a file that changes meanwhile. On an error nothing is visible to jobs, and what
// was sent serves the next try.
func Pack(ctx context.Context, client *api.Client, p *blendfile.Pack, checkout string, tell Tell) (Result, error) {
	u := &uploader{client: client, tell: tell}
	specs, err := u.hash(ctx, p)
	if err != nil {
		return Result{}, err
	}
	for round := 1; ; round++ {
		if err := u.sendMissing(ctx, specs); err != nil {
			return u.result, err
		}
		made, err := client.ShamanCheckout(ctx, api.ShamanCheckout{Files: specs.list, CheckoutPath: checkout})
		if err == nil {
			u.result.Checkout = made.CheckoutPath
			return u.result, nil
		}
		// Something was collected since it was asked for.
		if api.StatusOf(err) != http.StatusFailedDependency || round == maxRounds {
			return u.result, err
		}
	}
}

// An uploader is one Pack on its way.
type uploader struct {
	client *api.Client
	tell   Tell
	result Result

	mu   sync.Mutex // guards what follows
	now  Progress
	told time.Time
}

// specs are the files of a pack by their contents.
type specs struct {
	list   []api.ShamanFileSpec
	source map[content]string // a file with the contents
}

// content names what is in a file.
type content struct {
	sha  string
	size int64
}

// begin starts a phase.
func (u *uploader) begin(phase string, files int, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.now, u.told = Progress{Phase: phase, AllFiles: files, AllBytes: bytes}, time.Time{}
}

// add notes progress, and tells if it is time again.
func (u *uploader) add(files int, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.now.Files += files
	u.now.Bytes += bytes
	if now := time.Now(); u.tell != nil && (now.Sub(u.told) >= 100*time.Millisecond || u.now.Files == u.now.AllFiles) {
		u.told = now
		u.tell(u.now)
	}
}

// sendMissing asks what the farm lacks, and sends it.
func (u *uploader) sendMissing(ctx context.Context, s *specs) error {
	for range maxRounds {
		answer, err := u.client.ShamanCheckoutRequirements(ctx, api.ShamanRequirementsRequest{Files: s.list})
		if err != nil {
			return err
		}
		if len(answer.Files) == 0 {
			return nil
		}
		deferred, err := u.send(ctx, s, answer.Files, len(answer.Files) > 1)
		if err != nil {
			return err
		}
		// Somebody else is sending the rest; waiting for it is part of sending it.
		if _, err = u.send(ctx, s, deferred, false); err != nil {
			return err
		}
	}
	return farm.Errorf(farm.Conflict, "the farm keeps asking for files that it was sent: look into the log of the manager, or try again later")
}

// send sends files, several at a time. With mayDefer it returns those that
// somebody else is sending; else it waits for them.
func (u *uploader) send(ctx context.Context, s *specs, files []api.ShamanFileSpecWithStatus, mayDefer bool) (deferred []api.ShamanFileSpecWithStatus, err error) {
	var total int64
	for _, f := range files {
		total += f.Size
		if s.source[content{f.SHA, f.Size}] == "" {
			return nil, farm.Errorf(farm.Invalid, "the farm asks for a file %s that is not part of the pack: is %s a manager?", f.Path, u.client.Base)
		}
	}
	u.begin("Uploading", len(files), total)
	var mu sync.Mutex // guards deferred and the result
	err = abreastDo(ctx, len(files), func(ctx context.Context, n int) error {
		f := files[n]
		status, sent, err := u.sendFile(ctx, s.source[content{f.SHA, f.Size}], f.ShamanFileSpec, mayDefer)
		mu.Lock()
		defer mu.Unlock()
		u.result.Bytes += sent
		switch {
		case err != nil:
			return err
		case status == api.UploadDeferred:
			deferred = append(deferred, f)
		case status == api.UploadStored:
			u.result.Files++
		}
		u.add(1, 0)
		return nil
	})
	return deferred, err
}

// sendFile sends one file, and goes on where the connection broke.
func (u *uploader) sendFile(ctx context.Context, source string, spec api.ShamanFileSpec, mayDefer bool) (status int, sent int64, err error) {
	offset := int64(-1)
	for try := 1; ; try++ {
		var n int64
		status, n, err = u.sendFrom(ctx, source, spec, offset, mayDefer)
		sent += n
		if err == nil || ctx.Err() != nil || !worthAnother(err) || try == maxTries {
			return status, sent, explained(source, err)
		}
		if err := wait(ctx, time.Duration(try*try)*200*time.Millisecond); err != nil {
			return 0, sent, err
		}
		var state string
		if state, offset, err = u.client.ShamanFileStoreCheck(ctx, spec.SHA, spec.Size); err != nil {
			offset = -1 // the next try will tell
		} else if state == api.ShamanStored {
			return api.UploadAlready, sent, nil
		}
	}
}

// worthAnother reports whether an error may be gone the next time: no answer, a
// manager that is starting, or one that has more of the file, or less, than was thought.
func worthAnother(err error) bool {
	switch api.StatusOf(err) {
	case 0:
		return farm.KindOf(err) == farm.Unavailable
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusConflict, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return false
}

// explained says what a refusal means for the file.
func explained(source string, err error) error {
	if api.StatusOf(err) == http.StatusExpectationFailed {
		return farm.Errorf(farm.Conflict, "%s changed while it was being uploaded: wait until it is saved, and try again", source)
	}
	return err
}

// wait lets time go by.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// abreastDo calls do for 0 to n-1, a few at a time, until one fails.
func abreastDo(ctx context.Context, n int, do func(ctx context.Context, n int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(abreast, n) {
		wg.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// Name makes a name fit for a checkout: what the store does not take is replaced.
func Name(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/?*:;{}\<>|"#`, r) {
			return '_'
		}
		return r
	}, name)
	if name = strings.Trim(name, ". "); name == "" {
		return "job"
	}
	return name
}
