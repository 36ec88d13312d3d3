package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"testing"

	"golang.org/x/image/tiff"

	"renderfarm/farm"
)

// paint draws a gradient with some noise into m, so that no two rows are equal.
func paint[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](m T) T {
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			m.Set(x, y, color.NRGBA64{uint16(x * 2000), uint16(y * 3000), uint16(x * y * 777), 0xffff - uint16(x*100)})
		}
	}
	return m
}

// samples returns small images of every kind that renderers write, encoded.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	r := image.Rect(0, 0, 23, 17)
	files := map[string][]byte{}
	put := func(name string, m image.Image, encode func(io.Writer, image.Image) error) {
		var b bytes.Buffer
		if err := encode(&b, m); err != nil {
			t.Fatal(err)
		}
		files[name] = b.Bytes()
	}
	for name, m := range map[string]image.Image{"rgba": paint(image.NewNRGBA(r)), "rgba16": paint(image.NewNRGBA64(r)),
		"gray": paint(image.NewGray(r)), "gray16": paint(image.NewGray16(r))} {
		put(name+".png", m, png.Encode)
	}
	put("rgba.jpg", paint(image.NewNRGBA(r)), JPEG)
	put("gray.jpeg", paint(image.NewGray(r)), JPEG)
	for name, c := range map[string]tiff.CompressionType{"plain": tiff.Uncompressed, "deflate": tiff.Deflate} {
		opts := &tiff.Options{Compression: c, Predictor: c == tiff.Deflate}
		put(name+".tif", paint(image.NewNRGBA(r)), func(w io.Writer, m image.Image) error { return tiff.Encode(w, m, opts) })
		put(name+"16.tiff", paint(image.NewNRGBA64(r)), func(w io.Writer, m image.Image) error { return tiff.Encode(w, m, opts) })
	}
	return files
}

// withHeader returns the PNG with another width and height, checksum included.
func withHeader(data []byte, width, height uint32) []byte {
	data = slices.Clone(data)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func TestDecodeReadsEveryKind(t *testing.T) {
	names := map[string]string{".png": "png", ".jpg": "jpeg", "jpeg": "jpeg", ".tif": "tiff", "tiff": "tiff"}
	for name, data := range samples(t) {
		m, format, err := Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := names[name[len(name)-4:]]; format != want {
			t.Errorf("%s: format %q, want %q", name, format, want)
		}
		if size := m.Bounds().Size(); size != image.Pt(23, 17) {
			t.Errorf("%s: size %v", name, size)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	var huge bytes.Buffer
	if err := png.Encode(&huge, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	// Declare a million by a million pixels. The checksum need not agree for
	// the decoder to be asked; rewrite it all the same, as a hostile file would.
	bomb := withHeader(huge.Bytes(), 1<<20, 1<<20)

	cases := []struct {
		name string
		data []byte
		kind farm.Kind
	}{
		{"nothing", nil, farm.Unsupported},
		{"text", []byte("hello, world"), farm.Unsupported},
		{"openexr", []byte("\x76\x2f\x31\x01 and the rest"), farm.Unsupported},
		{"a png signature alone", []byte("\x89PNG\r\n\x1a\n"), farm.Invalid},
		{"a jpeg start alone", []byte("\xff\xd8\xff\xe0"), farm.Invalid},
		{"a tiff start alone", []byte("II*\x00\xff\xff\xff\xff"), farm.Invalid},
		{"a decompression bomb", bomb, farm.TooLarge},
	}
	for _, c := range cases {
		if _, _, err := Decode(bytes.NewReader(c.data)); err == nil || farm.KindOf(err) != c.kind {
			t.Errorf("%s: error %v of kind %d, want kind %d", c.name, err, farm.KindOf(err), c.kind)
		}
	}
}

func TestFitKeepsAspectAndNeverEnlarges(t *testing.T) {
	cases := []struct{ from, box, want image.Point }{
		{image.Pt(1920, 1080), image.Pt(600, 338), image.Pt(600, 338)},
		{image.Pt(1920, 1080), image.Pt(200, 112), image.Pt(199, 112)},
		{image.Pt(100, 100), image.Pt(200, 112), image.Pt(100, 100)},
		{image.Pt(400, 100), image.Pt(200, 200), image.Pt(200, 50)},
		{image.Pt(100, 400), image.Pt(200, 200), image.Pt(50, 200)},
		{image.Pt(3000, 1), image.Pt(200, 112), image.Pt(200, 1)},
		{image.Pt(1, 3000), image.Pt(200, 112), image.Pt(1, 112)},
	}
	for _, c := range cases {
		m := Fit(image.NewGray(image.Rectangle{Max: c.from}), c.box.X, c.box.Y)
		if got := m.Bounds().Size(); got != c.want {
			t.Errorf("fit %v into %v: %v, want %v", c.from, c.box, got, c.want)
		}
	}
}

func TestFitAveragesPixels(t *testing.T) {
	board := image.NewGray(image.Rect(5, 5, 69, 69)) // not at the origin
	for i := range board.Pix {
		if (i%64+i/64)%2 == 0 {
			board.Pix[i] = 255
		}
	}
	small := Fit(board, 8, 8)
	for y := range 8 {
		for x := range 8 {
			if r, _, _, _ := small.At(x, y).RGBA(); r < 0x7000 || r > 0x9000 {
				t.Fatalf("pixel %d,%d of a scaled chessboard is %#x, want the middle", x, y, r)
			}
		}
	}
}

func TestJPEGCanBeReadBack(t *testing.T) {
	for _, m := range []image.Image{paint(image.NewNRGBA64(image.Rect(0, 0, 40, 30))), image.NewUniform(color.Black)} {
		var b bytes.Buffer
		err := JPEG(&b, m)
		if _, endless := m.(*image.Uniform); endless {
			if err == nil {
				t.Error("an image of a billion pixels was written")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := jpeg.Decode(&b); err != nil || got.Bounds() != m.Bounds() {
			t.Errorf("read back: %v", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, _, err := Decode(bytes.NewReader(data)); err == nil && m.Bounds().Empty() {
			t.Error("an image without pixels and without an error")
		}
	})
}
