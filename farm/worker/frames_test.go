package worker

import (
	"context"
	"errors"
	"fmt"
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
		f := newFrames(ctx, func(string) error { <-mount; return nil }, nil)
		var err error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i := range 2 * maxQueued {
				f.add(ctx, fmt.Sprint("/mnt/", i))
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
		f = newFrames(ctx, func(string) error { <-mount; return nil }, nil)
		f.add(ctx, "/mnt/1")
		go func() { synctest.Wait(); cancel(errTest) }()
		if _, err := f.check(ctx); !errors.Is(err, errTest) {
			t.Errorf("the check ended with %v", err)
		}
	})
}

// Frames are counted and read twice before they are called broken.
func TestFramesAreReadAgain(t *testing.T) {
	reads := map[string]int{}
	var told []farm.FrameResult
	f := newFrames(t.Context(), func(path string) error {
		if reads[path]++; path == "bad" || path == "late" && reads[path] == 1 {
			return framefile.Whole("/nowhere/" + path)
		}
		return nil
	}, func(r farm.FrameResult) { told = append(told, r) })
	for _, path := range []string{"good", "", "late", "bad"} {
		f.add(t.Context(), path)
	}
	f.tell(t.Context(), farm.FrameResult{Frame: 7})
	saved, err := f.check(t.Context())
	if saved != 3 || err == nil || err.Error() != "frame bad is incomplete: Blender saved it, and now it is not there" {
		t.Errorf("%d saved: %v", saved, err)
	}
	if len(told) != 1 || told[0].Frame != 7 {
		t.Errorf("told of %v", told)
	}
	if reads["good"] != 1 || reads["late"] != 2 || reads["bad"] != 2 {
		t.Errorf("read %v", reads)
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
