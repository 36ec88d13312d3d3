package outbox

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// logger writes to the buffer, to be looked at.
func logger(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func mustOpen(t testing.TB, dir string, most, each int64) *Outbox {
	t.Helper()
	o, err := open(dir, slog.New(slog.DiscardHandler), most, each)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func mustPut(t testing.TB, o *Outbox, reports ...string) {
	t.Helper()
	for _, r := range reports {
		if err := o.Put([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}

// drain takes out everything.
func drain(t testing.TB, o *Outbox) (all []string) {
	t.Helper()
	for {
		r, ok := o.Peek()
		if !ok {
			return all
		}
		all = append(all, string(r))
		if err := o.Done(); err != nil {
			t.Fatal(err)
		}
	}
}

// numbered returns n reports of different lengths.
func numbered(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("report %d%s", i, strings.Repeat(".", i%5)))
	}
	return all
}

func TestOrderIsKeptOverRestarts(t *testing.T) {
	dir := t.TempDir()
	want := numbered(40)
	var got []string
	for i, report := range want {
		o := mustOpen(t, dir, 1<<20, 100) // a few reports per file
		mustPut(t, o, report)
		if i%2 == 1 { // one out for two in
			r, _ := o.Peek()
			got = append(got, string(r))
			if err := o.Done(); err != nil {
				t.Fatal(err)
			}
		}
		if n := i + 1 - len(got); o.Len() != n {
			t.Fatalf("%d wait, want %d", o.Len(), n)
		}
		o.Close()
	}
	got = append(got, drain(t, mustOpen(t, dir, 1<<20, 100))...)
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestPeekStaysUntilDone(t *testing.T) {
	o := mustOpen(t, t.TempDir(), maxSize, segmentSize)
	if _, ok := o.Peek(); ok || o.Done() == nil {
		t.Error("an empty outbox has a report")
	}
	mustPut(t, o, "a", "")
	for range 3 {
		if r, ok := o.Peek(); !ok || string(r) != "a" {
			t.Fatalf("peek %q %v", r, ok)
		}
	}
	if got := drain(t, o); !slices.Equal(got, []string{"a", ""}) {
		t.Errorf("got %q", got)
	}
}

func TestFilesThatWereReadGo(t *testing.T) {
	dir := t.TempDir()
	o := mustOpen(t, dir, 1<<20, 64)
	for range 20 {
		mustPut(t, o, numbered(10)...)
		drain(t, o)
	}
	names, err := segmentNumbers(dir)
	if err != nil || len(names) != 1 {
		t.Errorf("files left after everything was delivered: %v %v", names, err)
	}
}

func TestFullIsAClearErrorAndPasses(t *testing.T) {
	o := mustOpen(t, t.TempDir(), 100, 40)
	mustPut(t, o, "123456789012", "123456789012", "123456789012", "123456789012", "123456789012")
	err := o.Put([]byte("x"))
	if farm.KindOf(err) != farm.Unavailable || !strings.Contains(err.Error(), "5 reports") {
		t.Errorf("full: %v", err)
	}
	if err := o.Put(make([]byte, MaxReport+1)); farm.KindOf(err) != farm.TooLarge {
		t.Errorf("too large: %v", err)
	}
	if err := o.Done(); err != nil {
		t.Fatal(err)
	}
	mustPut(t, o, "x")
	if o.Len() != 5 {
		t.Errorf("%d wait, want 5", o.Len())
	}
}

func TestReadyIsNotMissed(t *testing.T) {
	dir := t.TempDir()
	o := mustOpen(t, dir, maxSize, segmentSize)
	done := make(chan []string)
	go func() {
		var all []string
		for len(all) < 200 {
			all = append(all, drain(t, o)...)
			if len(all) < 200 {
				<-o.Ready()
			}
		}
		done <- all
	}()
	want := numbered(200)
	mustPut(t, o, want...)
	if got := <-done; !slices.Equal(got, want) {
		t.Errorf("got %d reports in another order", len(got))
	}
	mustPut(t, o, "left over")
	o.Close()
	<-mustOpen(t, dir, maxSize, segmentSize).Ready() // told of what an earlier run left
}

func TestClosedIsAnErrorAndNotAPanic(t *testing.T) {
	o := mustOpen(t, t.TempDir(), maxSize, segmentSize)
	mustPut(t, o, "a")
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Peek(); ok || o.Put([]byte("b")) == nil || o.Done() == nil {
		t.Error("a closed outbox still answers")
	}
}

// The model is a slice. Random histories of puts, reads and restarts, with
// files of a few reports each, must look the same through both.
func TestLikeASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "outbox")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		each := rapid.Int64Range(1, 200).Draw(t, "segment size")
		reopen := func() *Outbox {
			o, err := open(dir, slog.New(slog.DiscardHandler), 1000, each)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		o, size := reopen(), int64(0)
		defer func() { o.Close() }()
		var model [][]byte
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				r := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "report")
				err := o.Put(r)
				if full := size+recordSize(r) > 1000; full != (err != nil) {
					t.Fatalf("put: %v with %d bytes waiting", err, size)
				}
				if err == nil {
					model = append(model, r)
					size += recordSize(r)
				}
			},
			"take": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("empty")
				}
				r, ok := o.Peek()
				if !ok || !bytes.Equal(r, model[0]) {
					t.Fatalf("peek %q %v, want %q", r, ok, model[0])
				}
				if err := o.Done(); err != nil {
					t.Fatal(err)
				}
				model, size = model[1:], size-recordSize(r)
			},
			"restart": func(t *rapid.T) {
				o.Close()
				o = reopen()
			},
			"": func(t *rapid.T) {
				if o.Len() != len(model) || o.size != size {
					t.Fatalf("%d reports of %d bytes, want %d of %d", o.Len(), o.size, len(model), size)
				}
			},
		})
	})
}

func BenchmarkPut(b *testing.B) {
	o := mustOpen(b, b.TempDir(), maxSize, segmentSize)
	report := bytes.Repeat([]byte("x"), 200)
	for b.Loop() {
		if err := o.Put(report); err != nil {
			b.Fatal(err)
		}
		if err := o.Done(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestOpenNeedsAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("open a file: %v", err)
	}
}
