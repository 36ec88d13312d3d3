package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"renderfarm/farm/exr"
)

// withHeader returns the PNG with another width and height, checksum included.
func withHeader(data []byte, width, height uint32) []byte {
	data = slices.Clone(data)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// chunk returns one PNG chunk.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// interlacedPNG returns an 8 by 8 gray image in seven passes, its pixel data in two chunks.
func interlacedPNG(t *testing.T) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(make([]byte, 79)) // 15 rows with a filter byte each, and 64 pixels
	w.Close()
	data := []byte("\x89PNG\r\n\x1a\n")
	data = append(data, chunk("IHDR", []byte{0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 1})...)
	data = append(data, chunk("tEXt", []byte("Frame\x00001"))...)
	data = append(data, chunk("IDAT", z.Bytes()[:5])...)
	data = append(data, chunk("IDAT", nil)...)
	data = append(data, chunk("IDAT", z.Bytes()[5:])...)
	data = append(data, chunk("IEND", nil)...)
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		t.Fatalf("the test's own image is wrong: %v", err)
	}
	return data
}

// exrImage returns an OpenEXR image of two blocks.
func exrImage(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.exr")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := exr.NewWriter(file, exr.Header{Width: 9, Height: 20, Channels: []exr.Channel{{Name: "Y", Type: exr.Float}}})
	for y := range 20 {
		err = errors.Join(err, w.Line(bytes.Repeat([]byte{byte(7 * y)}, 9*exr.ValueSize)))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// complete writes the data to a file of that name and checks it.
func complete(t *testing.T, name string, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return Complete(path)
}

func TestCompleteAcceptsWholeFiles(t *testing.T) {
	files := samples(t)
	files["interlaced.png"] = interlacedPNG(t)
	files["frame.exr"] = exrImage(t)
	files["notes.txt"] = []byte("x")
	files["png without extension"] = files["rgba.png"]
	files["other-extension.jpg"] = files["rgba.png"]
	for name, data := range files {
		if err := complete(t, name, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every proper prefix of an image file is incomplete: that is what a full disk
// or a killed renderer leaves.
func TestCompleteRefusesEveryPrefix(t *testing.T) {
	files := samples(t)
	files["interlaced.png"] = interlacedPNG(t)
	files["frame.exr"] = exrImage(t)
	path := filepath.Join(t.TempDir(), "x")
	for name, data := range files {
		path := path + filepath.Ext(name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for n := len(data) - 1; n >= 0; n-- {
			if err := os.Truncate(path, int64(n)); err != nil {
				t.Fatal(err)
			}
			if Complete(path) == nil {
				t.Errorf("%s: the first %d of %d bytes pass as complete", name, n, len(data))
			}
		}
	}
}

func TestCompleteRefusesDamage(t *testing.T) {
	whole := samples(t)["rgba16.png"]
	for i := range whole { // every byte of a PNG is covered by a checksum
		data := slices.Clone(whole)
		data[i] ^= 0x10
		if complete(t, "flipped.png", data) == nil {
			t.Errorf("a flipped bit in byte %d passes as complete", i)
		}
	}
	zeros := slices.Clone(whole)
	clear(zeros[:40])
	short := withHeader(whole, 23, 16)
	long := withHeader(whole, 23, 18)
	cases := map[string][]byte{
		"a missing first block":      zeros,
		"too much pixel data":        short,
		"too little pixel data":      long,
		"an impossible size":         withHeader(whole, 1<<31, 1<<31),
		"no pixel data":              slices.Concat(whole[:33], chunk("IEND", nil)),
		"a jpeg that has no end":     samples(t)["rgba.jpg"][:200],
		"text under an image's name": []byte("hello"),
	}
	for name, data := range cases {
		if err := complete(t, "case.png", data); err == nil {
			t.Errorf("%s passes as complete", name)
		}
	}
}

func TestCompleteOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := Complete(filepath.Join(dir, "none.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if Complete(dir) == nil {
		t.Error("a folder passes as an image")
	}
	if complete(t, "text.EXR", []byte("this is no image")) == nil {
		t.Error("a text passes as an image")
	}
	for _, name := range []string{"empty.png", "empty.exr", "empty"} {
		if complete(t, name, nil) == nil {
			t.Errorf("%s passes as complete", name)
		}
	}
}

func TestCompleteHoldsNoImage(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4000, 4000))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "large.png")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Complete(path); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("checking a PNG of 16 million pixels allocates %d bytes", n)
	}
}
