package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"renderfarm/farm"
)

func keyOf(text string) Key {
	sum := sha256.Sum256([]byte(text))
	return Key{hex.EncodeToString(sum[:]), int64(len(text))}
}

func newCache(t *testing.T, quota int64) *Cache {
	t.Helper()
	return New(Options{Dir: t.TempDir(), Quota: quota, Log: slog.New(slog.DiscardHandler)})
}

// sends returns a Fetch of a text that counts the bytes it sends.
func sends(text string, sent *atomic.Int64) Fetch {
	return func(_ context.Context, offset int64, to io.Writer) error {
		n, err := io.WriteString(to, text[offset:])
		sent.Add(int64(n))
		return err
	}
}

// TestGet fetches a file once, however many want it, and again when it was changed.
func TestGet(t *testing.T) {
	c := newCache(t, 0)
	const text = "a texture"
	k := keyOf(text)
	var sent atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			path, release, err := c.Get(t.Context(), k, sends(text, &sent))
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			if got, err := os.ReadFile(path); string(got) != text {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	all.Wait()
	if sent.Load() != k.Size {
		t.Errorf("%d bytes came for a file of %d", sent.Load(), k.Size)
	}
	path := c.path(k)
	os.Chmod(path, 0o644)
	if err := os.WriteFile(path, []byte("a tExture"), 0o644); err != nil {
		t.Fatal(err)
	}
	path, release, err := c.Get(t.Context(), k, sends(text, &sent))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if got, _ := os.ReadFile(path); string(got) != text || sent.Load() != 2*k.Size {
		t.Errorf("after it was changed: %q, %d bytes", got, sent.Load())
	}
}

// TestContinued goes on with a file where the line was cut, also in another program.
func TestContinued(t *testing.T) {
	c := newCache(t, 0)
	const text = "a long simulation cache"
	k, cut := keyOf(text), errors.New("cut")
	_, _, err := c.Get(t.Context(), k, func(_ context.Context, offset int64, to io.Writer) error {
		io.WriteString(to, text[offset:7])
		return cut
	})
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	c = New(c.o)
	var sent atomic.Int64
	if _, _, err := c.Get(t.Context(), k, sends(text, &sent)); err != nil || sent.Load() != k.Size-7 {
		t.Errorf("%d bytes came, %v", sent.Load(), err)
	}
	// What is not what was announced is not kept, nor continued.
	wrong := keyOf("another")
	for _, text := range []string{"anothex", "another one", "an"} {
		if _, _, err := c.Get(t.Context(), wrong, sends(text, &sent)); farm.KindOf(err) != farm.Mismatch {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := os.Stat(c.part(wrong)); err == nil {
			t.Errorf("%q is kept", text)
		}
	}
	for _, k := range []Key{{"../../../etc/passwd", 1}, {strings.Repeat("A", 64), 1}, {"", 0}, {wrong.SHA, -1}} {
		if _, _, err := c.Get(t.Context(), k, sends("", &sent)); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%v: %v", k, err)
		}
	}
}

// TestQuota removes what was not used for longest, and nothing that is in use.
func TestQuota(t *testing.T) {
	c := newCache(t, 10)
	var sent atomic.Int64
	get := func(text string) (release func(), err error) {
		_, release, err = c.Get(t.Context(), keyOf(text), sends(text, &sent))
		return release, err
	}
	for i, text := range []string{"aaaa", "bbbb"} {
		release, err := get(text)
		if err != nil {
			t.Fatal(err)
		}
		release()
		at := time.Now().Add(time.Duration(i-10) * time.Hour)
		os.Chtimes(c.path(keyOf(text)), at, keyOf(text).Stamp())
	}
	release, err := get("aaaa") // used now
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get("cccc"); err != nil {
		t.Fatal(err)
	}
	if c.Has(keyOf("bbbb")) || !c.Has(keyOf("aaaa")) || c.Used() != 8 {
		t.Errorf("%v, %v, %d bytes", c.Has(keyOf("aaaa")), c.Has(keyOf("bbbb")), c.Used())
	}
	if _, err := get("dddd"); farm.KindOf(err) != farm.NoRoom { // aaaa and cccc are in use
		t.Error(err)
	}
	if err := os.RemoveAll(c.o.Dir); err != nil { // which may be done at any time
		t.Fatal(err)
	}
	if _, err := get("eeee"); err != nil {
		t.Error(err)
	}
	if _, err := get("ffff"); err != nil {
		t.Error(err)
	}
	release()
	if _, err := get("dddd"); farm.KindOf(err) != farm.NoRoom { // eeee and ffff are in use
		t.Error(err)
	}
	if _, err := get("eeee"); err != nil || c.Has(keyOf("aaaa")) {
		t.Error(err)
	}
}
