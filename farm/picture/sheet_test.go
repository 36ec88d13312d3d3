package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"renderfarm/farm"
)

func TestSheet(t *testing.T) {
	plain := func(c color.Color, w, h int) []byte {
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			m.Set(i%w, i/w, c)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	red, green := plain(color.RGBA{255, 0, 0, 255}, 400, 200), plain(color.RGBA{0, 255, 0, 255}, 10, 10)
	var b bytes.Buffer
	if err := Sheet(&b, [][]byte{red, []byte("no image"), green, red}, 100, 60); err != nil {
		t.Fatal(err)
	}
	m, _, err := Decode(&b)
	if err != nil || m.Bounds().Size() != image.Pt(204, 124) {
		t.Fatalf("%v, %v", m.Bounds(), err)
	}
	at := func(x, y int) (r, g uint32) { r, g, _, _ = m.At(x, y).RGBA(); return r >> 8, g >> 8 }
	for _, want := range []struct {
		x, y       int
		red, green bool
	}{{50, 30, true, false}, {50, 2, false, false}, {154, 30, false, true}, {50, 94, true, false}, {154, 94, false, false}} {
		if r, g := at(want.x, want.y); r > 128 != want.red || g > 128 != want.green {
			t.Errorf("at %d,%d: red %d, green %d", want.x, want.y, r, g)
		}
	}
	if err := Sheet(&b, [][]byte{[]byte("no image")}, 100, 60); farm.KindOf(err) != farm.NotFound {
		t.Errorf("a sheet of nothing: %v", err)
	}
}
