package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path"
	"sync/atomic"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// hash computes what is in each file.
func (u *uploader) hash(ctx context.Context, p *blendfile.Pack) (*specs, error) {
	u.begin("Hashing", len(p.Files), p.Size())
	s := &specs{list: make([]api.ShamanFileSpec, len(p.Files)), source: map[content]string{}}
	err := abreastDo(ctx, len(p.Files), func(ctx context.Context, n int) error {
		f := p.Files[n]
		sha, err := u.hashFile(ctx, f)
		if err != nil {
			return err
		}
		s.list[n] = api.ShamanFileSpec{SHA: sha, Size: f.Size, Path: f.Target}
		u.add(1, 0)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for n, f := range p.Files {
		s.source[content{s.list[n].SHA, f.Size}] = f.Source
	}
	return s, nil
}

// hashFile computes what is in one file.
func (u *uploader) hashFile(ctx context.Context, f blendfile.PackFile) (string, error) {
	file, err := os.Open(f.Source)
	if err != nil {
		return "", farm.Errorf(farm.Invalid, "cannot read what the .blend needs: %w", err)
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, &counted{ctx, file, func(n int64) { u.add(0, n) }}, make([]byte, 256<<10))
	if err != nil {
		return "", sourceError(ctx, err)
	}
	if n != f.Size {
		return "", farm.Errorf(farm.Conflict, "%s changed while it was being read: wait until it is saved, and try again", f.Source)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sendFrom sends a file from an offset on, -1 if the manager may not know how to
// continue. It returns how many bytes went out.
func (u *uploader) sendFrom(ctx context.Context, source string, spec api.ShamanFileSpec, offset int64, mayDefer bool) (status int, sent int64, err error) {
	file, err := os.Open(source)
	if err != nil {
		return 0, 0, farm.Errorf(farm.Invalid, "cannot read what the .blend needs: %w", err)
	}
	defer file.Close()
	if offset > 0 {
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			return 0, 0, sourceError(ctx, err)
		}
	}
	// An answer may come before all was read, and the transport may read a
	// little longer: that does not count. Nor does what went out in vain.
	var out atomic.Int64
	var over atomic.Bool
	body := &counted{ctx, file, func(n int64) {
		if !over.Load() {
			out.Add(n)
			u.add(0, n)
		}
	}}
	status, err = u.client.ShamanFileStore(ctx, api.ShamanUpload{SHA: spec.SHA, Size: spec.Size, Offset: offset, Defer: mayDefer, Name: path.Base(spec.Path), Body: io.LimitReader(body, spec.Size-max(offset, 0))})
	over.Store(true)
	if err != nil || status != api.UploadStored {
		u.add(0, -out.Load())
	}
	return status, out.Load(), err
}

// sourceError says that a file of the pack cannot be read.
func sourceError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return farm.Errorf(farm.Invalid, "cannot read what the .blend needs: %w", err)
}

// A counted reader says how much was read, and ends with the context.
type counted struct {
	ctx context.Context
	r   io.Reader
	add func(int64)
}

// Read reads.
func (c *counted) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.add(int64(n))
	return n, err
}
