package blobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

// newStore returns a store in a new folder.
func newStore(t *testing.T) *Store {
	t.Helper()
	return storeIn(t, Options{Dir: t.TempDir()})
}

func storeIn(t *testing.T, o Options) *Store {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

func keyOf(content string) Key {
	sum := sha256.Sum256([]byte(content))
	return Key{hex.EncodeToString(sum[:]), int64(len(content))}
}

func upload(content string) Upload {
	return Upload{Key: keyOf(content), Body: strings.NewReader(content), Length: int64(len(content))}
}

func (s *Store) mustPut(t *testing.T, content string) Key {
	t.Helper()
	if got, err := s.Put(t.Context(), upload(content)); err != nil || got != Stored {
		t.Fatalf("Put: %v, %v", got, err)
	}
	return keyOf(content)
}

// mustCheckout makes a checkout of files given as path, content, path, content …
func (s *Store) mustCheckout(t *testing.T, wanted string, files ...string) string {
	t.Helper()
	var list []File
	for i := 0; i < len(files); i += 2 {
		list = append(list, File{s.put2(t, files[i+1]), files[i]})
	}
	got, err := s.Checkout(t.Context(), wanted, list)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// put2 stores content whether it is stored or not.
func (s *Store) put2(t *testing.T, content string) Key {
	t.Helper()
	if _, err := s.Put(t.Context(), upload(content)); err != nil {
		t.Fatal(err)
	}
	return keyOf(content)
}

// tree returns all that is below the store's folder, folders without their content included.
func (s *Store) tree(t *testing.T, below string) []string {
	t.Helper()
	var all []string
	root := filepath.Join(s.o.Dir, below)
	err := filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if rel, _ := filepath.Rel(root, p); rel != "." {
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (s *Store) wantStatus(t *testing.T, k Key, want Status, have int64) {
	t.Helper()
	got, n, err := s.Status(t.Context(), k)
	if err != nil || got != want || n != have {
		t.Errorf("status %d with %d bytes of a part, %v; want %d with %d", got, n, err, want, have)
	}
}

func TestPut(t *testing.T) {
	s := newStore(t)
	for _, content := range []string{"", "a", strings.Repeat("0123456789", 123_457)} {
		k := s.mustPut(t, content)
		s.wantStatus(t, k, Present, 0)
		if err := s.waitSynced(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(s.o.Dir, "file-store", "stored", k.SHA[:2], k.SHA[2:], fmt.Sprintf("%d.blob", k.Size))
		got, err := os.ReadFile(name)
		if err != nil || string(got) != content {
			t.Errorf("stored %d bytes, %v; want %d", len(got), err, len(content))
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o222 != 0 {
			t.Errorf("a stored file can be changed: %v, %v", info.Mode(), err)
		}
		if again, err := s.Put(t.Context(), Upload{Key: k, Body: iotest.ErrReader(errors.New("must not be read")), Length: k.Size}); again != Already || err != nil {
			t.Errorf("again: %v, %v", again, err)
		}
	}
	if left := s.tree(t, "file-store/uploading"); len(left) > 0 {
		t.Errorf("left of the uploads: %v", left)
	}
}

// TestWrongUploads sends what is not what it says: the sender is told, and nothing is kept.
func TestWrongUploads(t *testing.T) {
	const content = "the content of a file"
	good := upload(content)
	with := func(change func(u *Upload)) Upload {
		u := upload(content)
		change(&u)
		return u
	}
	tests := map[string]struct {
		upload Upload
		kind   farm.Kind
		says   string
	}{
		"other content":      {with(func(u *Upload) { u.Body = strings.NewReader("THE CONTENT OF A FILE") }), farm.Mismatch, good.SHA},
		"too short":          {with(func(u *Upload) { u.Body, u.Length = strings.NewReader("the"), -1 }), farm.Mismatch, "less came than the 21 bytes"},
		"too long":           {with(func(u *Upload) { u.Body, u.Length = strings.NewReader(content+"!"), -1 }), farm.Mismatch, "more came than the 21 bytes"},
		"announced short":    {with(func(u *Upload) { u.Length = 3 }), farm.Mismatch, "the upload has 3 bytes, and the file should have 21"},
		"short checksum":     {with(func(u *Upload) { u.SHA = "ab" }), farm.Invalid, "64 hexadecimal digits"},
		"upper case":         {with(func(u *Upload) { u.SHA = strings.ToUpper(u.SHA) }), farm.Invalid, "lower-case"},
		"path as checksum":   {with(func(u *Upload) { u.SHA = strings.Repeat("../", 21) + "x" }), farm.Invalid, "lower-case"},
		"negative size":      {with(func(u *Upload) { u.Size, u.Length = -1, -1 }), farm.Invalid, "negative"},
		"offset behind end":  {with(func(u *Upload) { u.Offset = 22 }), farm.Invalid, "byte 22"},
		"offset of nothing":  {with(func(u *Upload) { u.Offset, u.Length = 3, -1 }), farm.Conflict, "only 0"},
		"negative offset":    {with(func(u *Upload) { u.Offset = -1 }), farm.Invalid, "byte -1"},
		"nothing, with size": {with(func(u *Upload) { u.Body, u.Length = strings.NewReader(""), -1 }), farm.Mismatch, "less came"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			_, err := s.Put(t.Context(), test.upload)
			if farm.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v (kind %d), want kind %d with %q", err, farm.KindOf(err), test.kind, test.says)
			}
			s.wantStatus(t, good.Key, Unknown, 0)
			if left := s.tree(t, "file-store/uploading"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// TestContinue breaks an upload off at many places, and continues it from what is there.
func TestContinue(t *testing.T) {
	content := strings.Repeat("a line of a large file\n", 100_000) // some buffers
	k := keyOf(content)
	for _, cut := range []int{1, sector - 1, bufferSize - 1, bufferSize, bufferSize + sector, 3*bufferSize + 5, len(content) - 1} {
		s := newStore(t)
		broken := io.MultiReader(strings.NewReader(content[:cut]), iotest.ErrReader(io.ErrUnexpectedEOF))
		if _, err := s.Put(t.Context(), Upload{Key: k, Body: broken, Length: k.Size}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		s.wantStatus(t, k, Unknown, int64(cut))
		var offset *OffsetError
		_, err := s.Put(t.Context(), Upload{Key: k, Body: strings.NewReader("x"), Length: -1, Offset: int64(cut) + 1})
		if !errors.As(err, &offset) || offset.Have != int64(cut) || farm.KindOf(err) != farm.Conflict {
			t.Errorf("continued behind the part: %v", err)
		}
		s.wantStatus(t, k, Unknown, int64(cut))
		rest := Upload{Key: k, Body: strings.NewReader(content[cut:]), Length: k.Size - int64(cut), Offset: int64(cut)}
		if got, err := s.Put(t.Context(), rest); got != Stored || err != nil {
			t.Fatalf("continued at %d: %v, %v", cut, got, err)
		}
		s.Close()
		if got, err := os.ReadFile(filepath.Join(s.o.Dir, "file-store", filepath.FromSlash(k.stored()))); err != nil || string(got) != content {
			t.Errorf("cut at %d: %d bytes of other content are stored, %v", cut, len(got), err)
		}
	}
}

// TestNotDirect gives the system a buffer that it does not write around its
// memory, or that it does not do so anywhere: it is written all the same.
func TestNotDirect(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content := bytes.Repeat([]byte("0123456789abcdef"), bufferSize/16)
	r := newReceiver(Upload{Key: Key{Size: bufferSize}})
	r.file, r.wrote, r.directAllowed = f, func(int) error { return nil }, true
	odd := append([]byte("x"), content...)[1:]
	if err := r.write(odd); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes of other content, %v", len(got), err)
	}
}

// TestDamagedPart continues an upload whose beginning is wrong: it must not be
// stored, nor be in the way of the next one.
func TestDamagedPart(t *testing.T) {
	s := newStore(t)
	content := "the beginning, and the end"
	k := keyOf(content)
	if _, err := s.Put(t.Context(), Upload{Key: k, Body: io.MultiReader(strings.NewReader("The beginning"), iotest.ErrReader(io.ErrUnexpectedEOF)), Length: k.Size}); err == nil {
		t.Fatal("an upload that was broken off succeeded")
	}
	_, err := s.Put(t.Context(), Upload{Key: k, Body: strings.NewReader(content[13:]), Length: k.Size - 13, Offset: 13})
	if farm.KindOf(err) != farm.Mismatch {
		t.Errorf("%v", err)
	}
	s.wantStatus(t, k, Unknown, 0)
	s.mustPut(t, content)
}

// TestParallelUploads sends one file many times at once: it is read once, and
// everybody is told that it is there.
func TestParallelUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		const content = "everybody sends this"
		k := keyOf(content)
		first, w := io.Pipe()
		firstDone := make(chan error, 1)
		go func() {
			_, err := s.Put(t.Context(), Upload{Key: k, Body: first, Length: -1})
			firstDone <- err
		}()
		synctest.Wait()
		s.wantStatus(t, k, Uploading, 0)
		if got, err := s.Put(t.Context(), Upload{Key: k, Body: iotest.ErrReader(io.ErrUnexpectedEOF), Length: -1, Defer: true}); got != Deferred || err != nil {
			t.Errorf("who would rather wait: %v, %v", got, err)
		}
		const others = 5
		outcomes := make(chan Outcome, others)
		for range others {
			go func() {
				got, err := s.Put(t.Context(), Upload{Key: k, Body: iotest.ErrReader(errors.New("must not be read")), Length: -1})
				if err != nil {
					t.Error(err)
				}
				outcomes <- got
			}()
		}
		synctest.Wait()
		io.WriteString(w, content)
		w.Close()
		if err := <-firstDone; err != nil {
			t.Error(err)
		}
		for range others {
			if got := <-outcomes; got != Already {
				t.Errorf("outcome %d", got)
			}
		}
	})
}

// TestSecondTakesOver breaks the first of two uploads off: the second goes on alone.
func TestSecondTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		const content = "two send this"
		first, w := io.Pipe()
		done := make(chan error, 2)
		go func() {
			_, err := s.Put(t.Context(), Upload{Key: keyOf(content), Body: first, Length: -1})
			done <- err
		}()
		synctest.Wait()
		go func() { _, err := s.Put(t.Context(), upload(content)); done <- err }()
		synctest.Wait()
		w.CloseWithError(io.ErrUnexpectedEOF)
		if err := <-done; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the first: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("the second: %v", err)
		}
		s.wantStatus(t, keyOf(content), Present, 0)
	})
}

// TestSlowUpload has an upload that hangs: after a while the second one goes its
// own way, and ends the first.
func TestSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		content := strings.Repeat("x", 2*bufferSize)
		k := keyOf(content)
		slow, w := io.Pipe()
		slowDone := make(chan Outcome, 1)
		go func() {
			got, err := s.Put(t.Context(), Upload{Key: k, Body: slow, Length: -1})
			if err != nil {
				t.Error(err)
			}
			slowDone <- got
		}()
		io.WriteString(w, content[:10])
		began := time.Now()
		if got, err := s.Put(t.Context(), upload(content)); got != Stored || err != nil {
			t.Errorf("the quick one: %v, %v", got, err)
		}
		if waited := time.Since(began); waited != joinFor {
			t.Errorf("it waited %s", waited)
		}
		io.WriteString(w, content[10:bufferSize]) // it looks between buffers
		if got := <-slowDone; got != Already {
			t.Errorf("the slow one: %v", got)
		}
		s.wantStatus(t, k, Present, 0)
		s.Close()
		if left := s.tree(t, "file-store/uploading"); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestCancelled(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the sender left")
	body := io.MultiReader(strings.NewReader(strings.Repeat("y", bufferSize)), readerFunc(func(b []byte) (int, error) { cancel(gone); return copy(b, "z"), nil }))
	if _, err := s.Put(ctx, Upload{Key: Key{keyOf("").SHA, 10 * bufferSize}, Body: body, Length: -1}); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestStorageAway has no shared storage.
func TestStorageAway(t *testing.T) {
	s := storeIn(t, Options{Dir: filepath.Join(t.TempDir(), "not", "mounted")})
	if _, err := s.Put(t.Context(), upload("a")); farm.KindOf(err) != farm.Off || !strings.Contains(err.Error(), "mounted") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(s.o.Dir); err == nil {
		t.Error("a folder was made where the share is to be mounted")
	}
}

func TestStatuses(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "a")
	got, err := s.Statuses(t.Context(), []Key{keyOf("b"), k})
	if err != nil || !slices.Equal(got, []Status{Unknown, Present}) {
		t.Errorf("%v, %v", got, err)
	}
	// A stored file of the wrong length is none, and is replaced.
	s.Close()
	name := filepath.Join(s.o.Dir, "file-store", filepath.FromSlash(k.stored()))
	if err := errors.Join(os.Chmod(name, 0o600), os.Truncate(name, 0)); err != nil {
		t.Fatal(err)
	}
	s.wantStatus(t, k, Unknown, 0)
	s.mustPut(t, "a")
	s.Close()
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, []byte("a")) {
		t.Errorf("%q, %v", got, err)
	}
}
