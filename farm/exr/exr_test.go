package exr

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
)

// rgba is a header with the channels of a colour image and an object's number.
func rgba(width, height int) Header {
	return Header{Width: width, Height: height, Texts: map[string]string{"Note": "hello"},
		Channels: []Channel{{"A", Float}, {"B", Float}, {"G", Float}, {"Index", Uint}, {"R", Float}}}
}

// lines returns the lines of an image: half of it a pattern that can be
// compressed, half noise that cannot.
func lines(h *Header) [][]byte {
	noise := rand.New(rand.NewPCG(1, 2))
	list := make([][]byte, h.Height)
	for y := range list {
		list[y] = make([]byte, h.rowSize())
		for i := range list[y] {
			if list[y][i] = byte(i / 64); y < h.Height/2 {
				list[y][i] = byte(noise.Uint32())
			}
		}
	}
	return list
}

// written writes an image to a file.
func written(t testing.TB, path string, h Header, list [][]byte) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := NewWriter(file, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range list {
		if err := w.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll reads every line of an image.
func readAll(path string) (*Header, [][]byte, error) {
	r, err := Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	var list [][]byte
	for {
		line, err := r.Line()
		if errors.Is(err, io.EOF) {
			return &r.Header, list, nil
		}
		if err != nil {
			return nil, nil, err
		}
		list = append(list, bytes.Clone(line))
	}
}

func TestWrittenIsRead(t *testing.T) {
	for _, height := range []int{1, 15, 16, 17, 50} {
		h := rgba(33, height)
		path := filepath.Join(t.TempDir(), "x.exr")
		want := lines(&h)
		written(t, path, h, want)
		head, got, err := readAll(path)
		if err != nil || len(got) != height {
			t.Fatalf("%d lines: %v", len(got), err)
		}
		if head.Width != 33 || head.Height != height || head.Texts["Note"] != "hello" || len(head.Channels) != 5 || head.Channels[3] != h.Channels[3] {
			t.Errorf("header %+v", head)
		}
		for y := range want {
			if !bytes.Equal(got[y], want[y]) {
				t.Fatalf("line %d of %d differs", y, height)
			}
		}
	}
}

func TestSeek(t *testing.T) {
	h := rgba(20, 50)
	path := filepath.Join(t.TempDir(), "x.exr")
	want := lines(&h)
	written(t, path, h, want)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, y := range []int{49, 0, 16, 31, 17} {
		if err := r.Seek(y); err != nil {
			t.Fatal(err)
		}
		if line, err := r.Line(); err != nil || !bytes.Equal(line, want[y]) {
			t.Errorf("line %d: %v", y, err)
		}
	}
}

// A file that its program did not finish is not taken for an image.
func TestEveryPrefixIsRefused(t *testing.T) {
	h := rgba(9, 20)
	path := filepath.Join(t.TempDir(), "x.exr")
	written(t, path, h, lines(&h))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := info.Size() - 1; n >= 0; n-- {
		if err := os.Truncate(path, n); err != nil {
			t.Fatal(err)
		}
		if _, _, err := readAll(path); err == nil || farm.KindOf(err) != farm.Invalid {
			t.Fatalf("the first %d of %d bytes pass: %v", n, info.Size(), err)
		}
	}
}

func TestRefused(t *testing.T) {
	whole := func(t *testing.T) []byte {
		path := filepath.Join(t.TempDir(), "x.exr")
		h := rgba(4, 4)
		written(t, path, h, lines(&h))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}(t)
	change := func(at int, to byte) []byte {
		data := bytes.Clone(whole)
		data[at] = to
		return data
	}
	after := func(text string, n int) int { return bytes.Index(whole, []byte(text)) + len(text) + n }
	for name, c := range map[string]struct {
		data []byte
		kind farm.Kind
		says string
	}{
		"something else":     {[]byte("\x89PNG\r\n\x1a\nxxxxxxxx"), farm.Invalid, "does not begin like one"},
		"tiles":              {change(5, 2), farm.Unsupported, "not one image in lines"},
		"several parts":      {change(5, 16), farm.Unsupported, "not one image in lines"},
		"a newer version":    {change(4, 3), farm.Unsupported, "version 3"},
		"half floats":        {change(after("channels\x00chlist\x00", 4+2), 1), farm.Unsupported, "channel A does not have 32 bits"},
		"half as many":       {change(after("channels\x00chlist\x00", 4+2+8), 2), farm.Unsupported, "channel A has not a value for every pixel"},
		"PIZ":                {change(after("compression\x00compression\x00", 4), 4), farm.Unsupported, "not compressed with ZIP"},
		"from the bottom":    {change(after("lineOrder\x00lineOrder\x00", 4), 1), farm.Unsupported, "from top to bottom"},
		"a negative size":    {change(after("dataWindow\x00box2i\x00", 4+11), 0x80), farm.Invalid, "pixels"},
		"an impossible size": {change(after("dataWindow\x00box2i\x00", 4+10), 0x7f), farm.Invalid, "pixels"},
		"damaged lines":      {change(len(whole)-9, whole[len(whole)-9]^1), farm.Invalid, "cannot be read"},
	} {
		path := filepath.Join(t.TempDir(), "x.exr")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := readAll(path); err == nil || farm.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "x.exr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := NewWriter(file, Header{Width: 1, Height: 1}); err == nil {
		t.Error("an image without channels is begun")
	}
	h := rgba(4, 2)
	w, err := NewWriter(file, h)
	if err != nil {
		t.Fatal(err)
	}
	if w.Line(make([]byte, 3)) == nil {
		t.Error("a line of another size is taken")
	}
	if err := w.Line(make([]byte, h.rowSize())); err != nil || w.Close() == nil {
		t.Errorf("an image with one of two lines is whole; %v", err)
	}
}

// No bytes make the reader panic, or take more memory than its limits.
func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.exr")
	h := rgba(5, 20)
	written(f, path, h, lines(&h))
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Reader{file: bytes.NewReader(data)}
		for err := r.open(); err == nil; _, err = r.Line() {
		}
		Check(bytes.NewReader(data), int64(len(data)))
	})
}
