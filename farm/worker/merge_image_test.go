package worker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/exr"
)

// stillChannels are what the parts of these tests have: a colour, its divisor
// and its quotient, the distance, and a number.
var stillChannels = []exr.Channel{
	{Name: "A.B.Combined.R", Type: exr.Float}, {Name: "A.B.Depth.Z", Type: exr.Float}, {Name: "A.B.DiffCol.R", Type: exr.Float},
	{Name: "A.B.DiffDir.R", Type: exr.Float}, {Name: "Z.Number", Type: exr.Uint},
}

const stillWidth, stillHeight = 7, 37

// part writes one part, with what value says of each channel.
func part(t *testing.T, dir, note string, value func(channel, x, y int) float32) string {
	t.Helper()
	path := filepath.Join(dir, strings.NewReplacer(" ", "", ":", "", ",", "_", ";", "_").Replace(note)+".exr")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := exr.NewWriter(file, exr.Header{Width: stillWidth, Height: stillHeight, Channels: stillChannels, Texts: map[string]string{"Note": note}})
	if err != nil {
		t.Fatal(err)
	}
	for y := range stillHeight {
		var line []byte
		for c := range stillChannels {
			for x := range stillWidth {
				line = binary.LittleEndian.AppendUint32(line, math.Float32bits(value(c, x, y)))
			}
		}
		if err := w.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// pixels reads an image: of each line, channel and column the bits.
func pixels(t *testing.T, path string) (list []float32) {
	t.Helper()
	r, err := exr.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		line, err := r.Line()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		for ; len(line) > 0; line = line[4:] {
			list = append(list, math.Float32frombits(binary.LittleEndian.Uint32(line)))
		}
	}
}

// whole is the image that is cut to tiles; every value is another.
func whole(c, x, y int) float32 { return 1 + float32(c*10000+y*100+x)/3 }

// Tiles are put together as they are, whatever surrounds them in their files.
func TestMergeTiles(t *testing.T) {
	t.Parallel()
	for _, grid := range [][2]int{{1, 1}, {2, 2}, {3, 5}, {7, 1}, {1, 37}} {
		b, dir := newBench(t), t.TempDir()
		var parts []any
		for ty := range grid[1] {
			for tx := range grid[0] {
				left, right := share(stillWidth, tx, grid[0])
				top, bottom := share(stillHeight, ty, grid[1])
				parts = append(parts, part(t, dir, fmt.Sprintf(noteForm, tx, ty, grid[0], grid[1], 0, 5, 5), func(c, x, y int) float32 {
					if x < left || x >= right || y < top || y >= bottom {
						return -1 // what is rendered around a tile does not count
					}
					return whole(c, x, y)
				}))
			}
		}
		parts[0], parts[len(parts)-1] = parts[len(parts)-1], parts[0] // in any order
		out := filepath.Join(dir, "new folder", "out.exr")
		if err := b.do(t.Context(), cmd("merge-image", "parts", parts, "output", out)); err != "" {
			t.Fatal(err)
		}
		for i, v := range pixels(t, out) {
			x, c, y := i%stillWidth, i/stillWidth%len(stillChannels), i/stillWidth/len(stillChannels)
			if v != whole(c, x, y) {
				t.Fatalf("%v tiles: channel %d of %d,%d is %v, want %v", grid, c, x, y, v, whole(c, x, y))
			}
		}
		if left, err := filepath.Glob(filepath.Join(dir, "new folder", "*")); err != nil || len(left) != 1 {
			t.Errorf("left are %q, %v", left, err)
		}
	}
}

// Samples count as many as they are; passes that are no mean follow their rule.
func TestMergeSamples(t *testing.T) {
	t.Parallel()
	b, dir := newBench(t), t.TempDir()
	of := func(values ...float32) func(c, x, y int) float32 {
		return func(c, x, y int) float32 { return values[c] }
	}
	parts := []any{
		part(t, dir, fmt.Sprintf(noteForm, 0, 0, 1, 1, 3, 1, 4), of(8, 0, 0.5, 6, 99)),
		part(t, dir, fmt.Sprintf(noteForm, 0, 0, 1, 1, 0, 3, 4), of(4, 7, 0.25, 2, 42)),
	}
	out := filepath.Join(dir, "out.exr")
	for range 2 { // again, over what is there
		if err := b.do(t.Context(), cmd("merge-image", "parts", parts, "output", out)); err != "" {
			t.Fatal(err)
		}
	}
	// (3·4+8)/4; the first; (3·0.25+0.5)/4; (3·2·0.25+6·0.5)/(3·0.25+0.5); the first
	want := []float32{5, 7, 0.3125, 3.6, 42}
	for i, v := range pixels(t, out) {
		if c := i / stillWidth % len(want); v != want[c] {
			t.Fatalf("channel %d is %v, want %v", c, v, want[c])
		}
	}
}

// What is bad or missing is named.
func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	make := func(note string) string { return part(t, dir, note, whole) }
	tile := func(x, y, first, count int) string { return make(fmt.Sprintf(noteForm, x, y, 2, 1, first, count, 4)) }
	left, right, half := tile(0, 0, 0, 4), tile(1, 0, 0, 4), tile(1, 0, 0, 2)
	cut := filepath.Join(dir, "cut.exr")
	data, err := os.ReadFile(right)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cut, string(data[:len(data)-100]))
	damaged := bytes.Clone(data)
	damaged[len(damaged)-30] ^= 0x40
	write(t, filepath.Join(dir, "damaged.exr"), string(damaged))
	write(t, filepath.Join(dir, "text.exr"), "this is no image")
	small := filepath.Join(dir, "small.exr")
	file, err := os.Create(small)
	if err != nil {
		t.Fatal(err)
	}
	w, err := exr.NewWriter(file, exr.Header{Width: 1, Height: 1, Channels: stillChannels, Texts: map[string]string{"Note": fmt.Sprintf(noteForm, 1, 0, 2, 1, 0, 4, 4)}})
	if err := errors.Join(err, w.Line(bytes.Repeat([]byte{0}, 4*len(stillChannels))), w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		parts []any
		says  []string
	}{
		"no parts":           {nil, []string{`parameter "parts" is empty`}},
		"a missing file":     {[]any{left, dir + "/none.exr"}, []string{"part " + dir + "/none.exr is missing", "Requeue"}},
		"a missing tile":     {[]any{left}, []string{"no part has tile (1,0) from sample 0 on"}},
		"missing samples":    {[]any{left, half}, []string{"no part has tile (1,0) from sample 2 on"}},
		"a tile twice":       {[]any{left, right, half}, []string{"part ", "another part has the same samples"}},
		"samples twice":      {[]any{left, half, tile(1, 0, 1, 3)}, []string{"another part has the same samples"}},
		"cut short":          {[]any{left, cut}, []string{"part " + cut, "cut short"}},
		"damaged":            {[]any{left, dir + "/damaged.exr"}, []string{"damaged.exr", "cannot be read"}},
		"something else":     {[]any{left, dir + "/text.exr"}, []string{"text.exr", "damaged"}},
		"another size":       {[]any{left, small}, []string{small, "1 by 1 pixels, and the others are 7 by 37"}},
		"another grid":       {[]any{left, make(fmt.Sprintf(noteForm, 1, 0, 3, 1, 0, 4, 4))}, []string{"tile of (3,1) with 4 samples"}},
		"no note":            {[]any{make("")}, []string{"does not say which part"}},
		"a tile outside":     {[]any{make(fmt.Sprintf(noteForm, 2, 0, 2, 1, 0, 4, 4))}, []string{"tile (2,0) of (2,1)"}},
		"samples outside":    {[]any{make(fmt.Sprintf(noteForm, 0, 0, 2, 1, 3, 2, 4))}, []string{"samples 3+2 of 4"}},
		"too many samples":   {[]any{make(fmt.Sprintf(noteForm, 0, 0, 1, 1, 0, 1, 1<<30))}, []string{"of 1073741824"}},
		"samples that wrap":  {[]any{make(fmt.Sprintf(noteForm, 0, 0, 1, 1, math.MaxInt, 1, 4))}, []string{"samples 9223372036854775807+1"}},
		"an enormous grid":   {[]any{make(fmt.Sprintf(noteForm, 0, 0, 1, 1<<40, 0, 4, 4))}, []string{"tile (0,0) of"}},
		"a negative counter": {[]any{make(fmt.Sprintf(noteForm, 0, 0, 2, 1, -1, 2, 4))}, []string{"samples -1+2"}},
	} {
		b := newBench(t)
		out := filepath.Join(dir, "out.exr")
		got := b.do(t.Context(), cmd("merge-image", "parts", c.parts, "output", out))
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if left, _ := filepath.Glob(out + "*"); left != nil {
			t.Errorf("%s: left is %q", name, left)
		}
	}
}
