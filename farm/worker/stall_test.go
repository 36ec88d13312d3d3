package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A program is ended when it did nothing for the limit, and not before; whatever
// it does starts the limit anew.
func TestStallLimit(t *testing.T) {
	second := func(n int) time.Duration { return time.Duration(n) * time.Second }
	cases := []struct {
		name     string
		limit    time.Duration
		used     func(at time.Duration) (time.Duration, bool) // processor time
		prints   time.Duration                                // how often; 0: never
		done     time.Duration                                // when all is saved; 0: never
		from, to time.Duration                                // when it is ended; 0: never
	}{
		{"nothing", second(600), nil, 0, 0, second(600), second(750)},
		{"off", 0, nil, 0, 0, 0, 0},
		{"computes", second(600), func(at time.Duration) (time.Duration, bool) { return at, true }, 0, 0, 0, 0},
		{"computes a little", second(600), func(at time.Duration) (time.Duration, bool) { return at / 100, true }, 0, 0, 0, 0},
		{"sleeps in a loop", second(600), func(at time.Duration) (time.Duration, bool) { return at / 10000, true }, 0, 0, second(600), second(750)},
		{"computes, then sleeps", second(600), func(at time.Duration) (time.Duration, bool) { return min(at, second(1000)), true }, 0, 0, second(1500), second(1900)},
		{"processor unknown", second(600), func(at time.Duration) (time.Duration, bool) { return at, false }, 0, 0, second(600), second(750)},
		{"prints", second(600), nil, second(500), 0, 0, 0},
		{"has saved all", second(600), nil, 0, second(100), second(100), second(180)},
		{"has saved all, and computes", second(600), func(at time.Duration) (time.Duration, bool) { return at, true }, 0, second(100), 0, 0},
	}
	for _, c := range cases {
		synctest.Test(t, func(t *testing.T) {
			s, begun := newStall(c.limit), time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
			defer cancel()
			if c.done > 0 {
				time.AfterFunc(c.done, s.finished)
			}
			go func() {
				for ; c.prints > 0 && ctx.Err() == nil; time.Sleep(c.prints) {
					io.ReadAll(s.reader(io.NopCloser(strings.NewReader("."))))
				}
			}()
			used := func() (time.Duration, bool) { return 0, true }
			if c.used != nil {
				used = func() (time.Duration, bool) { return c.used(time.Since(begun)) }
			}
			err := s.watch(ctx, time.Now, used)
			took := time.Since(begun)
			if c.to == 0 && err != nil || c.to > 0 && (err == nil || took < c.from || took > c.to) {
				t.Errorf("%s: after %s: %v", c.name, took, err)
			}
			if err != nil && strings.Contains(err.Error(), "processor") != (c.name != "processor unknown") {
				t.Errorf("%s: %v", c.name, err)
			}
			cancel()
			time.Sleep(c.prints) // the one that prints ends
			synctest.Wait()
		})
	}
}

// A task may take so long and no longer.
func TestMaxTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.worker.options.MaxTime = time.Minute
		b.task.Commands = append(b.task.Commands, napping(50), napping(50))
		begun := time.Now()
		err := b.commands(t.Context())
		if err == nil || !strings.Contains(err.Error(), "longer than 1m0s") || time.Since(begun) != time.Minute {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		b.task.Commands = b.task.Commands[:1]
		if err := b.commands(t.Context()); err != nil {
			t.Errorf("a shorter one: %v", err)
		}
	})
}

// Of a log without end head and tail are kept, and what is between is counted.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	line := strings.Repeat("x", 989)
	const lines = 20_000
	for i := range lines {
		b.Log("%09d %s", i, line)
	}
	if b.limit.size > logTail || b.text.Len() > logChunk {
		t.Errorf("%d bytes of tail and %d of head in memory", b.limit.size, b.text.Len())
	}
	b.failed(t.Context(), errors.New("stop"))
	var log bytes.Buffer
	for _, r := range reports(t, b.outbox) {
		log.WriteString(r.Log)
	}
	text := log.String()
	if log.Len() > logHead+logTail+1000 || log.Len() < logHead {
		t.Errorf("%d bytes are reported", log.Len())
	}
	kept := strings.Count(text, line)
	for _, want := range []string{"000000000 x", "this log has 8 MiB", "were left out here)", "000019999 x", "Failed: stop\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if kept+b.limit.lines != lines {
		t.Errorf("%d lines are kept and %d counted, of %d", kept, b.limit.lines, lines)
	}
}
