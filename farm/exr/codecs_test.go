package exr

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm/blendertest"
)

// codecScript saves pictures of several sizes with every codec, reads each again, and writes
// the values that Blender has then.
const codecScript = `
import array, math, os, random, sys
import bpy
out = sys.argv[-1]
random.seed(7)
scene = bpy.context.scene
scene.view_settings.view_transform = "Raw" if "Raw" in {i.name for i in type(scene.view_settings).bl_rna.properties["view_transform"].enum_items} else scene.view_settings.view_transform
def value(x, y, c, w, h):
    if (x * 7 // w + y * 5 // h) % 3 == 0:
        return (0.25, 0.5, 3.0, 1.0)[c]
    if y < h // 2:
        return x / w * 2 + c * y / h
    return random.random() ** 3 * (10 if c < 3 else 0.1)
for w, h in (1, 1), (3, 70), (37, 53), (300, 41), (130, 300):
    image = bpy.data.images.new("made", w, h, alpha=True, float_buffer=True)
    image.pixels.foreach_set(array.array("f", [value(x, y, c, w, h) for y in range(h) for x in range(w) for c in range(4)]))
    for codec in "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB":
        for depth in "16", "32":
            if depth == "32" and codec.startswith("B44"):
                continue  # only for values of 16 bits
            for mode in "RGBA", "RGB", "BW":
                s = scene.render.image_settings
                s.file_format, s.color_mode, s.color_depth = "OPEN_EXR", mode, depth
                s.exr_codec = codec
                path = os.path.join(out, "%s-%s-%s-%dx%d.exr" % (codec, depth, mode, w, h))
                image.save_render(path, scene=scene)
                back = bpy.data.images.load(path)
                back.alpha_mode = "CHANNEL_PACKED"
                pixels = array.array("f", [0.0]) * (back.size[0] * back.size[1] * 4)
                back.pixels.foreach_get(pixels)
                with open(path + ".floats", "wb") as file:
                    pixels.tofile(file)
                bpy.data.images.remove(back)
    bpy.data.images.remove(image)
`

// allValues decodes a file of one part, from top to bottom: of each pixel the values of the
// channels R, G, B and A.
func allValues(data []byte) (w, h int, values [][4]float32, err error) {
	file := bytes.NewReader(data)
	parts, _, at, err := readParts(io.NewSectionReader(file, 0, int64(len(data))))
	if err != nil {
		return 0, 0, nil, err
	}
	p := parts[0]
	w, h = p.width, p.height
	values = make([][4]float32, w*h)
	k := 0
	p.regions(func(r region) {
		chunk := int(order.Uint64(data[at+int64(8*k):]))
		k++
		length, raw := int(order.Uint32(data[chunk+4:])), p.rawSize(r)
		pixels := data[chunk+8 : chunk+8+length]
		if length != raw {
			packed := pixels
			pixels = make([]byte, raw)
			if !p.unpack(r, pixels, packed) && err == nil {
				err = damaged("line %d", r.y)
			}
		}
		for y := range r.height {
			for _, ch := range p.channels {
				c := strings.Index("RGBA", ch.name)
				for x := range r.width {
					var v float32
					if ch.kind == 1 {
						v = halves()[order.Uint16(pixels)]
					} else {
						v = math.Float32frombits(order.Uint32(pixels))
					}
					pixels = pixels[ch.size():]
					if c >= 0 {
						values[(r.y+y)*w+x][c] = v
					} else { // Y: a grey image
						values[(r.y+y)*w+x] = [4]float32{v, v, v, 1}
					}
				}
			}
		}
	})
	return w, h, values, err
}

// What Blender reads of a file that it saved with any codec is read of it here, to the last
// bit; with DWA, whose transform every program rounds in its own way, to a hundredth.
func TestCodecsAgreeWithBlender(t *testing.T) {
	out := t.TempDir()
	make := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "9", "--python-expr", codecScript, "--", out)
	if log, err := make.CombinedOutput(); err != nil {
		t.Fatalf("save the images: %v\n%s", err, log)
	}
	names, err := filepath.Glob(filepath.Join(out, "*.exr"))
	if err != nil || len(names) != 5*(6+4)*3 {
		t.Fatalf("%d images, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		floats, err := os.ReadFile(name + ".floats")
		if err != nil {
			t.Fatal(err)
		}
		w, h, got, err := allValues(data)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		if c, err := checkData(data); err != nil || c.NotFinite != 0 {
			t.Errorf("%s: checked: %+v, %v", filepath.Base(name), c, err)
		}
		slack := 0.0
		if strings.Contains(name, "DWA") {
			slack = 1.0 / 100 // bright values have few digits there
		}
		if off := apartFrom(got, floats, w, h, slack); off != "" {
			t.Errorf("%s: %s", filepath.Base(name), off)
		}
	}
}

// apartFrom says where values are not those that Blender has, from bottom to top, but for a
// share of them; "" if they are.
func apartFrom(got [][4]float32, floats []byte, w, h int, slack float64) string {
	for y := range h {
		for x := range w {
			for c := range 4 {
				want := math.Float32frombits(order.Uint32(floats[4*(4*((h-1-y)*w+x)+c):]))
				v := got[y*w+x][c]
				if c == 3 && v == 0 { // Blender gives 1 to what has no alpha
					continue
				}
				if math.Abs(float64(v-want)) > slack*(math.Abs(float64(want))+1.0/64) {
					return fmt.Sprintf("at %d, %d channel %d is %g, and %g for Blender", x, y, c, v, want)
				}
			}
		}
	}
	return ""
}

// codecs are examples of each way to compress.
func codecs(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, kind := range []string{"PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"} {
		data, err := os.ReadFile("../../testdata/images/3.4/exr-" + kind + ".exr")
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = data
	}
	return all
}

// Whatever is wrong with a file, it is an error or a picture.
func TestDamagedCodecs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for kind, data := range codecs(t) {
		for range 400 {
			bad := slices.Clone(data)
			for range 1 + random.IntN(8) {
				bad[random.IntN(len(bad))] = byte(random.Uint32())
			}
			Picture(bytes.NewReader(bad), int64(len(bad)), 50, 50)
			checkData(bad)
			n := random.IntN(len(data))
			if _, err := checkData(data[:n]); err == nil {
				t.Errorf("%s: the first %d bytes pass as whole", kind, n)
			}
		}
	}
}

// FuzzCodecs decodes what may be anything.
func FuzzCodecs(f *testing.F) {
	for _, data := range codecs(f) {
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		Picture(bytes.NewReader(data), int64(len(data)), 50, 50)
		checkData(data)
	})
}
