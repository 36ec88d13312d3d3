package exr

import (
	"bytes"
	"encoding/binary"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// pictureOf makes a picture of an example.
func pictureOf(t *testing.T, name string, width, height int) (*image.RGBA, error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../testdata/images", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return Picture(bytes.NewReader(data), int64(len(data)), width, height)
}

// What Blender saves without loss is shown alike, however it is stored.
func TestPicturesOfAllKinds(t *testing.T) {
	for _, blender := range []string{"3.4/", "5.2/"} {
		want, err := pictureOf(t, blender+"exr-float.exr", 1000, 1000)
		if err != nil {
			t.Fatal(err)
		}
		least, most := slices.Min(want.Pix), 0
		for i := range want.Pix {
			if i%4 < 3 {
				most = max(most, int(want.Pix[i]))
			}
		}
		if least == 255 || most < 100 {
			t.Fatalf("%s: nothing is to be seen: %d to %d", blender, least, most)
		}
		kinds := []string{"ZIP", "ZIPS", "RLE", "NONE", "multilayer"}
		for _, kind := range kinds {
			got, err := pictureOf(t, blender+"exr-"+kind+".exr", 1000, 1000)
			if err != nil {
				t.Errorf("%s%s: %v", blender, kind, err)
			} else if off := apart(got, want); off > 2 {
				t.Errorf("%s%s is up to %d away", blender, kind, off)
			}
		}
		for kind, most := range map[string]int{"PIZ": 2, "PXR24": 2, "B44": 16, "B44A": 16, "DWAA": 8, "DWAB": 8} {
			got, err := pictureOf(t, blender+"exr-"+kind+".exr", 1000, 1000)
			if err != nil {
				t.Errorf("%s%s: %v", blender, kind, err)
			} else if off := apart(got, want); off > most {
				t.Errorf("%s%s is up to %d away", blender, kind, off)
			}
		}
	}
	for _, name := range []string{"tiled", "multipart", "ripmap", "mipmap", "multipart-tiled"} {
		if m, err := pictureOf(t, "other/"+name+".exr", 20, 20); err != nil || m.Rect.Dx() > 20 || m.Rect.Dy() > 20 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// apart is how far two pictures of the same size are apart at most.
func apart(a, b *image.RGBA) (most int) {
	if a.Rect != b.Rect {
		return 256
	}
	for i := range a.Pix {
		most = max(most, int(a.Pix[i])-int(b.Pix[i]), int(b.Pix[i])-int(a.Pix[i]))
	}
	return most
}

// Values are shown as a screen does; what is no number is black, and what is brighter
// than white is white.
func TestValuesOfPictures(t *testing.T) {
	values := []float32{0, 0.0031308, 0.18, 0.5, 1, 4, 1e30, float32(math.Inf(1)), float32(math.NaN()), -3}
	wants := []int{0, 10, 118, 188, 244, 255, 255, 255, 0, 0}
	h := Header{Width: len(values), Height: 1, Channels: []Channel{{"B", Float}, {"G", Float}, {"R", Float}}}
	var line []byte
	for range 3 {
		for _, v := range values {
			line = binary.LittleEndian.AppendUint32(line, math.Float32bits(v))
		}
	}
	path := filepath.Join(t.TempDir(), "values.exr")
	written(t, path, h, [][]byte{line})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Picture(bytes.NewReader(data), int64(len(data)), 100, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range wants {
		if c := m.RGBAAt(i, 0); int(c.R) < want-1 || int(c.R) > want+1 || c.R != c.G || c.A != 255 {
			t.Errorf("%g is shown as %v, want %d", values[i], c, want)
		}
	}
	small, err := Picture(bytes.NewReader(data), int64(len(data)), 5, 5)
	if err != nil || small.Rect != image.Rect(0, 0, 5, 1) {
		t.Errorf("scaled down: %v, %v", small.Rect, err)
	}
}

// A file that is cut short or damaged anywhere is an error or a picture, and never more.
func TestPicturesOfDamagedFiles(t *testing.T) {
	for _, name := range []string{"3.4/exr-ZIP.exr", "3.4/exr-RLE.exr", "other/multipart-tiled.exr"} {
		data, err := os.ReadFile(filepath.Join("../../testdata/images", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + len(data)/300 {
			if _, err := Picture(bytes.NewReader(data[:n]), int64(n), 50, 50); err == nil && n < len(data)/2 {
				t.Errorf("%s, cut to %d bytes, is a picture", name, n)
			}
			bad := slices.Clone(data)
			for i := n; i < min(n+4, len(bad)); i++ {
				bad[i] = 0xff
			}
			Picture(bytes.NewReader(bad), int64(len(bad)), 50, 50)
		}
	}
}
