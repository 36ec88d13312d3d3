package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"renderfarm/farm"
)

// hashers is how many files are hashed at a time: more would only make a disk seek.
const hashers = 2

// hash fills in the checksums and sizes that the caller did not know.
func (s *Sending) hash(ctx context.Context) error {
	var todo []*SendFile
	var bytes int64
	for i := range s.Files {
		f := &s.Files[i]
		if f.SHA != "" {
			continue
		}
		info, err := os.Stat(f.Source)
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is not a file")
		}
		if err != nil {
			return farm.Errorf(farm.Invalid, "cannot read %s: %w", f.Source, err)
		}
		bytes += info.Size()
		todo = append(todo, f)
	}
	s.progress.stage(StageHash, len(todo), bytes)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *SendFile, len(todo))
	for _, f := range todo {
		queue <- f
	}
	close(queue)
	var workers sync.WaitGroup
	for range hashers {
		workers.Go(func() {
			for f := range queue {
				if err := s.hashFile(ctx, f); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// hashFile hashes one file, in constant memory.
func (s *Sending) hashFile(ctx context.Context, f *SendFile) error {
	from, err := os.Open(f.Source)
	if err != nil {
		return farm.Errorf(farm.Invalid, "cannot read %s: %w", f.Source, err)
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return farm.Errorf(farm.Invalid, "cannot read %s: %w", f.Source, err)
	}
	want := f.Size
	if want == 0 {
		want = info.Size()
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, &sendReader{ctx: ctx, from: from, progress: &s.progress}, make([]byte, 256<<10))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return farm.Errorf(farm.Invalid, "cannot read %s: %w", f.Source, err)
	}
	if n != want {
		return farm.Errorf(farm.Mismatch, "%s was changed since it was looked at: wait until nothing writes to it, and submit again", f.Source)
	}
	f.SHA, f.Size = hex.EncodeToString(sum.Sum(nil)), n
	s.progress.file()
	return nil
}

// sendFile sends one file, as often as it takes. It reports false if somebody else
// is sending it.
func (s *Sending) sendFile(ctx context.Context, f *SendFile, mayDefer bool) (stored bool, err error) {
	offset := int64(0)
	if f.Size >= expectFrom {
		offset = s.resumeAt(ctx, f) // of an earlier try, perhaps
	}
	most := offset // that the farm has had of the file
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		status, read, err := s.sendOnce(ctx, f, offset, mayDefer)
		switch {
		case err != nil:
			s.progress.add(-read)
		case status == UploadDeferred:
			s.progress.add(-read)
			return false, nil
		default:
			s.patience.succeeded()
			s.progress.uploaded(f.Size-read, read, status == UploadStored)
			return true, nil
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		conflict := StatusOf(err) == http.StatusConflict // the manager has more or less of the file than was thought
		switch status := StatusOf(err); {
		case status == http.StatusExpectationFailed && offset > 0:
			offset = 0 // what an earlier upload left was bad
			continue
		case status == http.StatusExpectationFailed, changed(f):
			return false, farm.Errorf(farm.Mismatch, "%s was changed while it was sent: wait until nothing writes to it, and submit again", f.Source)
		case !conflict && !uploadable(err), !s.patience.lasts():
			return false, namedFile(f, err)
		}
		if err := Sleep(ctx, pause); err != nil {
			return false, err
		}
		if offset = s.resumeAt(ctx, f); offset > most {
			most = offset
			s.patience.succeeded() // it goes on, if only a bit each time
		}
	}
}

// namedFile says which file an error is about.
func namedFile(f *SendFile, err error) error {
	var answered *Error
	if errors.As(err, &answered) {
		about := *answered
		about.Message = f.Source + ": " + answered.Message
		return &about
	}
	return farm.Errorf(farm.KindOf(err), "%s: %w", f.Source, err)
}

// changed reports whether a file is not any more what it was when it was hashed.
func changed(f *SendFile) bool {
	info, err := os.Stat(f.Source)
	return err != nil || info.Size() != f.Size
}

// resumeAt asks where to go on with a file. If the manager does not say, at its start.
func (s *Sending) resumeAt(ctx context.Context, f *SendFile) int64 {
	_, offset, err := s.Client.ShamanFileStoreCheck(ctx, f.SHA, f.Size)
	if err != nil {
		return 0
	}
	return max(offset, 0)
}

// sendOnce sends one file from the offset on, and says how much of it was read.
func (s *Sending) sendOnce(ctx context.Context, f *SendFile, offset int64, mayDefer bool) (status int, read int64, err error) {
	from, err := os.Open(f.Source)
	if err == nil {
		defer from.Close()
		_, err = from.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return 0, 0, farm.Errorf(farm.Invalid, "cannot read %s: %w", f.Source, err)
	}
	reader := &sendReader{ctx: ctx, from: from, progress: &s.progress}
	status, err = s.Client.ShamanFileStore(ctx, ShamanUpload{SHA: f.SHA, Size: f.Size, Offset: offset, Defer: mayDefer, Name: filepath.Base(f.Path), Body: reader})
	return status, reader.finish(), err
}

// A sendReader counts what is read of a file, and stops with the context. The
// HTTP client may go on reading for a moment after the answer came; what it reads
// after finish does not count.
type sendReader struct {
	ctx      context.Context
	progress *sendProgress

	mu   sync.Mutex // guards what follows
	from io.Reader  // nil before and after
	read int64
}

// Read reads.
func (r *sendReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	if r.from == nil {
		return 0, os.ErrClosed
	}
	n, err := r.from.Read(p)
	r.read += int64(n)
	r.progress.add(int64(n))
	return n, err
}

// finish ends the reading and returns how much was read.
func (r *sendReader) finish() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from = nil
	return r.read
}

// Stages of a Sending.
const (
	StageHash     = "hashing"
	StageUpload   = "uploading"
	StageCheckout = "checkout" // the farm puts the files into their folder
)

// SendProgress says how far a Sending is.
type SendProgress struct {
	Stage      string // one of the stages above; Files and Bytes are of this stage
	Files      int    // done
	FilesTotal int
	Bytes      int64 // done
	BytesTotal int64
	Elapsed    time.Duration // since the stage began
}

// Left estimates how long the stage will last, from its speed so far; 0 if that is
// not known.
func (p SendProgress) Left() time.Duration {
	if p.Bytes <= 0 || p.Elapsed <= 0 {
		return 0
	}
	return time.Duration(float64(p.Elapsed) * float64(p.BytesTotal-p.Bytes) / float64(p.Bytes))
}

// tellEvery is how often progress is told at the most.
const tellEvery = 100 * time.Millisecond

// sendProgress counts, and tells.
type sendProgress struct {
	tell  func(SendProgress)
	mu    sync.Mutex // guards what follows, and is held while tell runs
	now   SendProgress
	began time.Time
	told  time.Time
	sent  Sent
}

func (p *sendProgress) stage(name string, files int, bytes int64) {
	p.change(true, func() {
		p.now = SendProgress{Stage: name, FilesTotal: files, BytesTotal: bytes}
		p.began = time.Now()
	})
}

func (p *sendProgress) add(bytes int64) { p.change(false, func() { p.now.Bytes += bytes }) }

func (p *sendProgress) file() {
	p.change(false, func() { p.now.Files++ })
}

func (p *sendProgress) known(bytes int64) { p.change(false, func() { p.sent.Known = bytes }) }

// uploaded counts a file that is there now, with the bytes of it that went over
// the network and the rest that was there.
func (p *sendProgress) uploaded(rest, bytes int64, byUs bool) {
	p.change(false, func() {
		p.now.Files++
		p.now.Bytes += rest
		p.sent.Bytes += bytes
		if byUs {
			p.sent.Files++
		}
	})
}

// change changes the counts, and tells of it now and then and when a stage is complete.
func (p *sendProgress) change(always bool, f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	now := time.Now()
	complete := p.now.Files == p.now.FilesTotal
	if p.tell == nil || !always && !complete && now.Sub(p.told) < tellEvery {
		return
	}
	p.told = now
	p.now.Elapsed = now.Sub(p.began)
	p.tell(p.now)
}
