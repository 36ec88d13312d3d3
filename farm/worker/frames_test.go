package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
)

// A mount that hangs must not keep the worker from ending: neither the output
// of Blender, which names more frames than can wait, nor the check at the end.
func TestFramesOnAMountThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mount := make(chan struct{})
		defer close(mount) // the reader ends then
		ctx, cancel := context.WithCancelCause(t.Context())
		f := newFrames(ctx, testJudge(func(string) (sight, error) { <-mount; return sight{}, nil }))
		var err error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i := range 2 * maxQueued {
				f.add(ctx, savedFile{path: fmt.Sprint("/mnt/", i)})
			}
			_, err = f.check(ctx)
		}()
		synctest.Wait()
		if len(f.queue) != maxQueued {
			t.Errorf("%d frames wait, want %d", len(f.queue), maxQueued)
		}
		cancel(errTest)
		<-ended
		if !errors.Is(err, errTest) {
			t.Errorf("ended with %v", err)
		}

		ctx, cancel = context.WithCancelCause(t.Context())
		f = newFrames(ctx, testJudge(func(string) (sight, error) { <-mount; return sight{}, nil }))
		f.add(ctx, savedFile{path: "/mnt/1"})
		go func() { synctest.Wait(); cancel(errTest) }()
		if _, err := f.check(ctx); !errors.Is(err, errTest) {
			t.Errorf("the check ended with %v", err)
		}
	})
}

// testJudge looks at files in its own way, and has no more to say.
func testJudge(look func(string) (sight, error)) frameJudge {
	return frameJudge{look: look, series: &frameSeries{}, log: func(string, ...any) {}, tell: func(farm.FrameResult) {}}
}

// Frames are counted and read twice before they are called broken.
func TestFramesAreReadAgain(t *testing.T) {
	reads := map[string]int{}
	var told []farm.FrameResult
	judge := testJudge(func(path string) (s sight, err error) {
		if reads[path]++; path == "bad" || path == "late" && reads[path] == 1 {
			_, err = framefile.Check("/nowhere/" + path)
		}
		return s, err
	})
	judge.tell = func(r farm.FrameResult) { told = append(told, r) }
	f := newFrames(t.Context(), judge)
	for _, path := range []string{"good", "", "late", "bad"} {
		f.add(t.Context(), savedFile{path: path, frame: len(path)})
	}
	f.tell(t.Context(), farm.FrameResult{Frame: 7})
	found, err := f.check(t.Context())
	if numbers, ok := found.numbers(); !ok || !slices.Equal(numbers, []int{3}) {
		t.Errorf("bad frames %v", numbers)
	}
	if broken := found.broken(); err != nil || found.saved != 3 || broken == nil || broken.Error() != "frame bad is incomplete: Blender saved it, and now it is not there" {
		t.Errorf("%d saved: %v", found.saved, broken)
	}
	if len(told) != 1 || told[0].Frame != 7 {
		t.Errorf("told of %v", told)
	}
	if reads["good"] != 1 || reads["late"] != 2 || reads["bad"] != 2 {
		t.Errorf("read %v", reads)
	}
}

// What was right and was changed before Blender ended is read again.
func TestFramesThatChangeAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "01.png")
	data := frameFile(t, path, 1)
	judge := testJudge(lookAtFrame)
	told := make(chan farm.FrameResult)
	judge.tell = func(r farm.FrameResult) { told <- r }
	f := newFrames(t.Context(), judge)
	f.add(t.Context(), savedFile{path: path})
	f.tell(t.Context(), farm.FrameResult{})
	<-told // it was read
	write(t, path, string(data[:len(data)/2]))
	if found, _ := f.check(t.Context()); found.broken() == nil || !strings.Contains(found.broken().Error(), "cut short") {
		t.Errorf("%v", found.broken())
	}
}

// What is changed between the reading of a file and the next line of the worker is
// noticed as well.
func TestFramesThatChangeWhileReadAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "01.png")
	data := frameFile(t, path, 1)
	judge, reads := testJudge(nil), 0
	judge.look = func(path string) (sight, error) {
		return lookWith(func(path string) (framefile.Image, error) {
			m, err := framefile.Check(path)
			if reads++; reads == 1 {
				write(t, path, string(data[:len(data)/2]))
			}
			return m, err
		}, path)
	}
	f := newFrames(t.Context(), judge)
	f.add(t.Context(), savedFile{path: path})
	if found, _ := f.check(t.Context()); found.broken() == nil || !strings.Contains(found.broken().Error(), "cut short") {
		t.Errorf("%v", found.broken())
	}
}

// What is odd about a frame is said, and does not fail it.
func TestOddFramesAreTold(t *testing.T) {
	images := map[string]framefile.Image{"a_0001.png": {Width: 9, Height: 9}, "a_0002.png": {Width: 9, Height: 9, Flat: true}, "a_0003.png": {Width: 9, Height: 9, Flat: true},
		"a_0004.png": {Width: 9, Height: 8}, "a_0005.exr": {NotFinite: 0.5}, "mask_0001.png": {}, "mask_0002.png": {Flat: true, NotFinite: 1}}
	judge := testJudge(func(path string) (sight, error) { return sight{Image: images[path]}, nil })
	var log []string
	var flags []farm.FrameFlags
	judge.log = func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	judge.tell = func(r farm.FrameResult) { flags = append(flags, r.Flags) }
	judge.flags = farm.FrameRenderedAgain
	f := newFrames(t.Context(), judge)
	for i, path := range slices.Sorted(maps.Keys(images)) {
		f.add(t.Context(), savedFile{path: path, own: strings.HasPrefix(path, "a")})
		f.tell(t.Context(), farm.FrameResult{Frame: i})
	}
	if found, err := f.check(t.Context()); err != nil || found.broken() != nil {
		t.Errorf("%v, %v", found, err)
	}
	again := farm.FrameRenderedAgain
	if want := []farm.FrameFlags{again, again | farm.FrameFlat, again | farm.FrameFlat, again, again | farm.FrameNotFinite, again, again}; !slices.Equal(flags, want) {
		t.Errorf("flags %v, want %v", flags, want)
	}
	if got := strings.Join(log, "\n"); got != `WARNING: a_0002.png has the same colour everywhere, and the frame before it has not: a_0001.png
WARNING: a_0004.png has 9 by 8 pixels, and the one before it had 9 by 9: a_0003.png
WARNING: in a_0005.exr, 50 % of the values are infinite or no numbers` {
		t.Error(got)
	}
	if s := judge.series.of("another"); len(s.last) != 0 {
		t.Error("what frames of another job were like is remembered")
	}
}

func TestPreviewOnAMountThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mount := make(chan struct{})
		defer close(mount)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { synctest.Wait(); cancel(errTest) }()
		if _, err := unlessCanceled(ctx, func() ([]byte, error) { <-mount; return nil, nil }); !errors.Is(err, errTest) {
			t.Errorf("ended with %v", err)
		}
	})
}
