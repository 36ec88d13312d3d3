package blendfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/blendertest"
)

// TestReadAgrees compares what the program reads with what Blender says.
func TestReadAgrees(t *testing.T) {
	t.Parallel()
	exe := blendertest.Find(t)
	studioFile := filepath.Join(t.TempDir(), "it's ü.blend")
	if out, err := exec.Command(exe, "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", studio, "--", studioFile).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	shot := filepath.Join(nasty(t, exe), "project", "shots", "seq 010", "shot ü.blend")
	for _, file := range []string{scenes("demo.blend"), scenes("tiny.blend"), studioFile, shot} {
		want, err := Inspect(t.Context(), exe, file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		for n := range got.Scenes { // they are 32 bits in the file; Cycles' own and sound are not seen
			got.Scenes[n].Sound = want.Scenes[n].Sound
			got.Scenes[n].AdaptiveSampling, got.Scenes[n].Denoising = want.Scenes[n].AdaptiveSampling, want.Scenes[n].Denoising
			if d := got.Scenes[n].FPS - want.Scenes[n].FPS; d < 1e-4 && d > -1e-4 {
				got.Scenes[n].FPS = want.Scenes[n].FPS
			}
		}
		if !reflect.DeepEqual(got.Scenes, want.Scenes) || got.SavedBy[0] != want.SavedBy[0] || got.SavedBy[1] != want.SavedBy[1] {
			t.Errorf("%s:\ngot  %+v\nwant %+v", file, got, want)
		}
		// All but those of a modifier, a strip, and the library of a library.
		for _, path := range want.External {
			if !strings.HasSuffix(path, ".mdd") && !strings.HasSuffix(path, "/library/props.blend") && !strings.HasSuffix(path, "2/elsewhere/sound/töne.wav") && !strings.Contains(strings.Join(got.External, "\n")+"\n", path+"\n") {
				t.Errorf("%s: %q was not seen; seen are %q", file, path, got.External)
			}
		}
		if got.Unseen == "" || want.Unseen != "" {
			t.Error("it does not say what it cannot see")
		}
	}
}

// plain returns tiny.blend without compression.
func plain(t *testing.T) []byte {
	t.Helper()
	b, err := openBlocks(context.Background(), scenes("tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.end()
	rest, err := io.ReadAll(b.r)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("BLENDER-v304"), rest...)
}

// large returns the file in the form that Blender 5.0 introduced.
func large(t *testing.T, file []byte) []byte {
	t.Helper()
	out := bytes.NewBufferString("BLENDER17-01v0500")
	o := binary.LittleEndian
	for rest := file[12:]; len(rest) > 0; {
		size := int(o.Uint32(rest[4:]))
		h := make([]byte, 32)
		copy(h, rest[:4])
		copy(h[4:], rest[16:20])
		copy(h[8:], rest[8:16])
		o.PutUint64(h[16:], uint64(size))
		o.PutUint64(h[24:], uint64(o.Uint32(rest[20:])))
		out.Write(h)
		out.Write(rest[24 : 24+size])
		rest = rest[24+size:]
	}
	return out.Bytes()
}

// zipped returns the file as Blender compressed it before 3.0.
func zipped(t *testing.T, file []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(file)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.blend")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadForms reads the same from every form of file.
func TestReadForms(t *testing.T) {
	want, err := Read(t.Context(), scenes("tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	file := plain(t)
	for name, content := range map[string][]byte{"plain": file, "gzip": zipped(t, file), "5.0": large(t, file), "5.0, gzip": zipped(t, large(t, file))} {
		got, err := Read(t.Context(), write(t, content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.HasPrefix(name, "5.0") {
			if got.SavedBy != [3]int{5, 0, 0} {
				t.Errorf("%s: %v", name, got.SavedBy)
			}
			got.SavedBy = want.SavedBy
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestReadDamaged cuts and spoils a file in many places: an error or an answer,
// but never a panic, and never much memory.
func TestReadDamaged(t *testing.T) {
	file := plain(t)
	for _, size := range []int{12, 20, 36, 4000, len(file) / 2, len(file) - 30} {
		if info, err := Read(t.Context(), write(t, file[:size])); farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), "too early") {
			t.Errorf("%d bytes: %+v, %v", size, info, err)
		}
	}
	packed, err := os.ReadFile(scenes("tiny.blend"))
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{packed[:len(packed)/2], append(bytes.Clone(packed[:1000]), bytes.Repeat([]byte{0x55}, 5000)...), zipped(t, file)[:2000],
		[]byte("BLENDER99-01v0500xxxxxxxx"), []byte("BLENDER-vxyz"), []byte("BLENDER=v304")} {
		if info, err := Read(t.Context(), write(t, content)); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%+v, %v", info, err)
		}
	}
	if _, err := Read(t.Context(), filepath.Join(t.TempDir(), "gone.blend")); farm.KindOf(err) != farm.NotFound {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, write(t, file)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestReadManyScenes reads a file with a hundred thousand scenes at one address.
func TestReadManyScenes(t *testing.T) {
	file := plain(t)
	scene := bytes.Index(file, []byte("SC\x00\x00"))
	size := 24 + int(binary.LittleEndian.Uint32(file[scene+4:]))
	block := bytes.Clone(file[scene : scene+24]) // without content
	copy(block[4:8], []byte{0, 0, 0, 0})
	many := append(bytes.Clone(file[:scene+size]), bytes.Repeat(block, 100_000)...)
	info, err := Read(t.Context(), write(t, append(many, file[scene+size:]...)))
	if err != nil || len(info.Scenes) != maxScenes || !strings.HasPrefix(info.Scenes[0].Name, "Tiny") {
		t.Fatalf("%v", err)
	}
}

// TestReadEndless cancels the reading of a block that is almost endless, from a
// file of a few megabytes.
func TestReadEndless(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &blockReader{ctx: ctx, r: bufio.NewReader(&cancelReader{ctx, zeros(func() { cancel() })})}
	if err := b.skip(math.MaxInt64); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// zeros never end, and tell of each time they are read.
type zeros func()

func (z zeros) Read(p []byte) (int, error) {
	z()
	clear(p)
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("BLENDER-v304"), 0, byte(0))
	f.Add([]byte("BLENDER17-01v0500"), 0, byte(0))
	b, err := openBlocks(context.Background(), scenes("tiny.blend"))
	if err != nil {
		f.Fatal(err)
	}
	rest, err := io.ReadAll(b.r)
	b.end()
	if err != nil {
		f.Fatal(err)
	}
	file := append([]byte("BLENDER-v304"), rest...)
	dna := bytes.LastIndex(file, []byte("DNA1"))
	small := append(bytes.Clone(file[:2000]), file[dna:]...)
	f.Add(file, 0, byte(0))
	f.Add(small, len(small)-100, byte(0x80))
	f.Fuzz(func(t *testing.T, content []byte, at int, value byte) {
		if at >= 0 && at < len(content) {
			content = bytes.Clone(content)
			content[at] ^= value
		}
		path := filepath.Join(t.TempDir(), "a.blend")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if info, err := Read(t.Context(), path); (info == nil) == (err == nil) {
			t.Errorf("%+v, %v", info, err)
		}
	})
}
