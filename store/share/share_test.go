package share

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"renderfarm/farm"
)

func uploadOf(path, text string) Upload {
	sum := sha256.Sum256([]byte(text))
	return Upload{Path: path, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text)), Body: strings.NewReader(text)}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReceive continues what was broken off, keeps what was there, and asks last of all
// whether the file may be saved.
func TestReceive(t *testing.T) {
	dir := t.TempDir()
	s := New(dir, 0)
	ctx := t.Context()
	cut := uploadOf("renders/000001.png", "a frame of some bytes")
	cut.Body = iotest.TimeoutReader(iotest.OneByteReader(cut.Body))
	if err := s.Receive(ctx, cut); !errors.Is(err, iotest.ErrTimeout) {
		t.Fatal(err)
	}
	rest := uploadOf("renders/000001.png", "a frame of some bytes")
	have, whole, err := s.Have(rest)
	if err != nil || have != 1 || whole {
		t.Fatal(have, whole, err)
	}
	early := rest
	early.Offset = 5
	var offset *OffsetError
	if err := s.Receive(ctx, early); !errors.As(err, &offset) || offset.Have != 1 {
		t.Fatal(err)
	}
	rest.Offset, rest.Body = have, strings.NewReader("a frame of some bytes"[have:])
	no := farm.Errorf(farm.Conflict, "not yours")
	rest.May = func() error { return no }
	if err := s.Receive(ctx, rest); !errors.Is(err, no) {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "renders")); err == nil {
		t.Fatal("something was made though nothing may be saved")
	}
	whole1 := uploadOf("renders/000001.png", "a frame of some bytes")
	if err := s.Receive(ctx, whole1); err != nil {
		t.Fatal(err)
	}
	if _, whole, err = s.Have(whole1); !whole || err != nil {
		t.Error(whole, err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, incoming)); len(left) > 0 {
		t.Errorf("left are %v", left)
	}

	// The second of two new versions is not kept in the place of the old one.
	for _, text := range []string{"a new frame", "a newer frame"} {
		u := uploadOf("renders/000001.png", text)
		u.Keep = "20261130"
		if err := s.Receive(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, filepath.Join(dir, "renders/.versions/000001.20261130.png")); got != "a frame of some bytes" {
		t.Errorf("kept is %q", got)
	}
	if got := read(t, filepath.Join(dir, "renders/000001.png")); got != "a newer frame" {
		t.Errorf("there is %q", got)
	}
}

// TestReceiveNoRoom refuses what would fill the disk before any of it is read.
func TestReceiveNoRoom(t *testing.T) {
	s := New(t.TempDir(), 1<<62)
	u := uploadOf("renders/1.png", "frame")
	u.Body = iotest.ErrReader(errors.New("it is read"))
	if err := s.Receive(t.Context(), u); farm.KindOf(err) != farm.NoRoom {
		t.Error(err)
	}
}

// TestOneWriter refuses a second upload of a file to the same place.
func TestOneWriter(t *testing.T) {
	s := New(t.TempDir(), 0)
	first := uploadOf("renders/1.png", "frame")
	var second error
	first.Body = readerFunc(func(p []byte) (int, error) {
		second = s.Receive(t.Context(), uploadOf("renders/1.png", "frame"))
		return 0, errors.New("cut")
	})
	if err := s.Receive(t.Context(), first); err == nil || farm.KindOf(second) != farm.Busy {
		t.Error(err, second)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestOpen hashes a file again when it was changed, and stays in the storage.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	s := New(dir, 0)
	file := filepath.Join(dir, "a.txt")
	var sums []string
	for _, text := range []string{"one", "two"} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(t.Context(), "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		sums = append(sums, f.SHA256)
		os.Remove(file)
	}
	if sums[0] == sums[1] {
		t.Error("the checksum of a file that was changed is the old one")
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"link", "../" + filepath.Base(dir) + "/link", "none", "."} {
		if f, err := s.Open(t.Context(), name); err == nil {
			f.Close()
			t.Errorf("%s is opened", name)
		}
	}
}

// TestWalkLooksAtFew looks at none of the files that are not wanted, however many.
func TestWalkLooksAtFew(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.png", i)), []byte("frame"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	wanted := func(file string) bool { return file == "000007.png" }
	err := New(dir, 0).Walk(t.Context(), Listing{Path: ".", Most: 1, Wanted: wanted}, func(f farm.MirrorFile) { got = append(got, f.Path) })
	if err != nil || len(got) != 1 || got[0] != "000007.png" {
		t.Errorf("told are %v, %v", got, err)
	}
}
