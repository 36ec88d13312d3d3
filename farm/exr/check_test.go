package exr

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// floats returns a ZIP image of one float channel, with a value for each pixel.
func floats(t *testing.T, width, height int, value func(i int) float32) []byte {
	t.Helper()
	h := Header{Width: width, Height: height, Channels: []Channel{{"Y", Float}}}
	path := filepath.Join(t.TempDir(), "x.exr")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := NewWriter(file, h)
	if err != nil {
		t.Fatal(err)
	}
	for y := range height {
		var line []byte
		for x := range width {
			line = order.AppendUint32(line, math.Float32bits(value(y*width+x)))
		}
		if err := w.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func checkData(data []byte) (Checked, error) {
	return Check(bytes.NewReader(data), int64(len(data)))
}

func TestCheckCountsWhatIsNotANumber(t *testing.T) {
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	data := floats(t, 20, 50, func(i int) float32 { return []float32{1, inf, nan, 2, 3}[i%5] })
	if c, err := checkData(data); err != nil || c.NotFinite != 0.4 || c.Flat || !c.Checksummed {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCheckNoticesOneColour(t *testing.T) {
	if c, err := checkData(floats(t, 20, 50, func(int) float32 { return 7 })); err != nil || !c.Flat {
		t.Errorf("one colour: %+v, %v", c, err)
	}
	if c, err := checkData(floats(t, 20, 50, func(i int) float32 { return float32(i / 999) })); err != nil || c.Flat {
		t.Errorf("one colour but for the last pixel: %+v, %v", c, err)
	}
}

// deepImage returns a deep image of one row: lengths of table and samples, and both.
func deepImage() []byte {
	b := order.AppendUint32([]byte(Magic), version|flagDeep)
	attribute := func(name, kind string, value []byte) {
		b = append(b, name+"\x00"+kind+"\x00"...)
		b = append(order.AppendUint32(b, uint32(len(value))), value...)
	}
	list := append([]byte("Z\x00"), 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0)
	attribute("channels", "chlist", list)
	attribute("compression", "compression", []byte{0})
	attribute("dataWindow", "box2i", []byte{15: 0})
	attribute("type", "string", []byte("deepscanline"))
	attribute("chunkCount", "int", []byte{1, 0, 0, 0})
	b = append(b, 0)
	b = order.AppendUint64(b, uint64(len(b)+8)) // the table of one chunk
	b = order.AppendUint32(b, 0)                // its row
	for _, n := range []uint64{4, 8, 8} {
		b = order.AppendUint64(b, n)
	}
	return append(b, make([]byte, 12)...)
}

func TestCheckOfDeepImages(t *testing.T) {
	data := deepImage()
	if c, err := checkData(data); err != nil || c.Decoded {
		t.Errorf("%+v, %v", c, err)
	}
	for n := range data {
		if _, err := checkData(data[:n]); err == nil {
			t.Errorf("the first %d of %d bytes pass as whole", n, len(data))
		}
	}
	other := slices.Clone(data)
	other[len(other)-40] = 9 // its row
	if _, err := checkData(other); err == nil {
		t.Error("a chunk of another row passes")
	}
}
