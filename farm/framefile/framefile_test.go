package framefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
)

// samples returns all image files of testdata: what Blender 3.4 and 5.2 saved
// (testdata/scenes/make_images.py), and in folder other what OpenEXR's tools and
// FFmpeg wrote.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	root := os.DirFS("../../testdata/images")
	names, err := fs.Glob(root, "*/*.*")
	if err != nil || len(names) < 100 {
		t.Fatalf("there are %d samples, %v", len(names), err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[name], err = fs.ReadFile(root, name); err != nil {
			t.Fatal(err)
		}
	}
	files["interlaced.png"] = interlacedPNG(t)
	return files
}

// check checks the data in a file of that name.
func check(t testing.TB, name string, data []byte) (Image, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(name))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return Check(path)
}

// proofs are what docs/worker.md says of each format, by the beginning of a
// sample's name. Longer beginnings come first.
var proofs = []struct {
	name  string
	proof Proof
}{
	{"png", Checksummed}, {"interlaced", Checksummed}, {"tiff-DEFLATE", Checksummed}, {"tiff-NONE", Measured}, {"tiff", Decoded},
	{"jpeg-", Decoded}, {"jpeg2000", Measured}, {"webp-alpha-90", Measured}, {"webp", Measured}, {"targa-raw", Measured},
	{"targa-BW", Measured}, {"targa", Decoded}, {"bmp", Measured}, {"hdr", Decoded}, {"iris", Decoded}, {"dpx", Measured}, {"cineon", Measured},
	{"exr-NONE", Decoded}, {"exr-RLE", Decoded}, {"exr-PIZ", Decoded}, {"exr-PXR24", Checksummed}, {"exr-B44", Decoded}, {"exr-D", Measured}, {"exr", Decoded},
	{"movie", Measured}, {"still", Measured},
}

func TestWholeFilesPass(t *testing.T) {
	for name, data := range samples(t) {
		m, err := check(t, name, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Format == "" {
			t.Errorf("%s is not recognised", name)
		}
		switch {
		case strings.HasPrefix(name, "3.4/") || strings.HasPrefix(name, "5.2/"):
			if m.Width != 70 || m.Height != 50 {
				t.Errorf("%s is said to be %d by %d pixels", name, m.Width, m.Height)
			}
		case strings.HasPrefix(name, "other/movie."):
			if m.Width != 64 || m.Height != 48 {
				t.Errorf("%s is said to be %d by %d pixels", name, m.Width, m.Height)
			}
		}
		if m.Flat {
			t.Errorf("%s is said to have one colour only", name)
		}
		for _, p := range proofs {
			if strings.HasPrefix(filepath.Base(name), p.name) {
				if m.Proof < p.proof {
					t.Errorf("%s: the check goes only so far as %d, and not %d", name, m.Proof, p.proof)
				}
				break
			}
		}
	}
	for _, name := range []string{"notes.txt", "frame"} {
		if m, err := check(t, name, []byte("x")); err != nil || m != (Image{}) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

// checkBytes is check without a file.
func checkBytes(name string, data []byte) (Image, error) {
	f := formatOf(data[:min(len(data), headLen)], name)
	if f == nil {
		return Image{}, errors.New("not recognised")
	}
	return f.run(source{bytes.NewReader(data), int64(len(data))})
}

// targaFooter is what Blender 5.2 writes behind the pixels of a Targa: an
// extension area and a footer, without which an image is still whole.
const targaFooter = 495 + 26

// prefixes is how many prefixes of a file are tried, and soakPrefixes how many when
// FARM_SOAK is set.
const prefixes, soakPrefixes = 80, 1000

// Every proper prefix of a file is incomplete: that is what a full disk or a
// killed renderer leaves.
func TestPrefixesAreRefused(t *testing.T) {
	tried := prefixes
	if os.Getenv("FARM_SOAK") != "" {
		tried = soakPrefixes
	}
	for name, data := range samples(t) {
		step := max(1, len(data)/tried)
		for n := len(data) - 1; n >= 0; n -= step {
			if n >= len(data)-targaFooter && strings.HasPrefix(name, "5.2/targa") {
				continue
			}
			if _, err := checkBytes(name, data[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes pass as whole", name, n, len(data))
				break
			}
		}
	}
}

// A checksum covers every pixel of some formats: changed bytes of theirs are noticed.
func TestChangedBytesAreNoticed(t *testing.T) {
	for name, data := range samples(t) {
		m, err := checkBytes(name, data)
		if err != nil || m.Proof != Checksummed || len(data) > 4000 {
			continue
		}
		missed, tried := 0, 0
		for i := 0; i < len(data); i += 1 + len(data)/400 {
			tried++
			changed := slices.Clone(data)
			changed[i] ^= 0x10
			if _, err := checkBytes(name, changed); err == nil {
				missed++
			}
		}
		// In PNG no byte can change; elsewhere the header is not covered.
		if m.Format == "png" && missed > 0 || missed > tried/3 {
			t.Errorf("%s: %d of %d changed bytes are not noticed", name, missed, tried)
		}
	}
}

func TestDamageIsRefused(t *testing.T) {
	whole := samples(t)["3.4/png-RGBA16.png"]
	zeros := slices.Clone(whole)
	clear(zeros[:40])
	jpg := samples(t)["3.4/jpeg-RGB.jpg"]
	long := slices.Concat(jpg[:len(jpg)-2], []byte{0x12, 0x34}, jpg[len(jpg)-2:])
	cases := map[string][]byte{
		"a missing first block.png":      zeros,
		"too much pixel data.png":        withHeader(whole, 70, 49),
		"too little pixel data.png":      withHeader(whole, 70, 51),
		"an impossible size.png":         withHeader(whole, 1<<31, 1<<31),
		"no pixel data.png":              slices.Concat(whole[:33], chunk("IEND", nil)),
		"a jpeg that has no end.jpg":     jpg[:200],
		"a jpeg with more behind.jpg":    long,
		"text under a name of an.png":    []byte("hello"),
		"text under a name of an.exr":    []byte("this is not an image"),
		"text under a name of an.mp4":    []byte("this is not a movie"),
		"text under a name of a.tga":     []byte("this is not an image, and long enough"),
		"a movie that was not ended.mp4": mp4WithoutIndex,
		"empty.png":                      nil,
		"empty":                          nil,
	}
	for name, data := range cases {
		if _, err := check(t, name, data); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// mp4WithoutIndex is what FFmpeg leaves when it is killed: a brand, and data
// whose length was never filled in.
var mp4WithoutIndex = []byte("\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom\x00\x00\x00\x00mdat and pictures")

func TestCheckOfWhatIsNotAFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Check(filepath.Join(dir, "none.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Check(dir); err == nil {
		t.Error("a folder passes as an image")
	}
}

// An image of one colour is noticed, and one with a single other pixel is not one.
func TestFlat(t *testing.T) {
	for _, size := range []image.Point{{64, 48}, {37, 19}, {1, 1}} {
		for _, spot := range []bool{false, true} {
			if spot && size.X == 1 {
				continue
			}
			m := image.NewNRGBA(image.Rectangle{Max: size})
			for i := range m.Pix {
				m.Pix[i] = []byte{10, 90, 200, 255}[i%4]
			}
			if spot {
				m.Set(size.X/2, size.Y/2, color.White)
			}
			var p, j bytes.Buffer
			if err := errors.Join(png.Encode(&p, m), jpeg.Encode(&j, m, nil)); err != nil {
				t.Fatal(err)
			}
			for name, data := range map[string][]byte{"x.png": p.Bytes(), "x.jpg": j.Bytes()} {
				if got, err := check(t, name, data); err != nil || got.Flat == spot {
					t.Errorf("%s of %v, with a spot: %v: %+v, %v", name, size, spot, got, err)
				}
			}
		}
	}
}

func TestLargeImagesNeedLittleMemory(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 3000, 2000))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 7)
	}
	for _, name := range []string{"large.png", "large.jpg"} {
		var b bytes.Buffer
		err := png.Encode(&b, m)
		if strings.HasSuffix(name, "jpg") {
			b.Reset()
			err = jpeg.Encode(&b, m, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Check(path); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("checking %s of 6 million pixels allocates %d bytes", name, n)
		}
	}
}

// No bytes make a check panic or run away.
func FuzzCheck(f *testing.F) {
	for name, data := range samples(f) {
		if len(data) < 10_000 {
			f.Add(filepath.Ext(name), data)
		}
	}
	f.Fuzz(func(t *testing.T, ext string, data []byte) {
		format := formatOf(data[:min(len(data), headLen)], "x"+ext)
		if format != nil {
			format.run(source{bytes.NewReader(data), int64(len(data))})
		}
	})
}

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
func interlacedPNG(t testing.TB) []byte {
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
