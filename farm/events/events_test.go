package events

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func numbers(events []Event) []uint64 {
	var ns []uint64
	for _, e := range events {
		ns = append(ns, e.Number)
	}
	return ns
}

func TestReaderWaitsForTheNextEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(8, 40)
		r := l.Follow()
		go func() {
			time.Sleep(time.Hour)
			l.Publish(Event{Number: 41}, Event{Data: "unnumbered"})
		}()
		began := time.Now()
		got, err := r.Next(t.Context())
		if err != nil || len(got) != 2 || got[0].Number != 41 || got[1].Number != 41 {
			t.Fatalf("got %v, %v", got, err)
		}
		if time.Since(began) != time.Hour {
			t.Errorf("waited %s, want 1h", time.Since(began))
		}
	})
}

func TestReaderEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the browser left")
	cancel(why)
	if _, err := NewLog(8, 0).Follow().Next(ctx); !errors.Is(err, why) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestSlowReaderIsToldThatItFellBehind(t *testing.T) {
	l := NewLog(4, 0)
	r := l.Follow()
	for n := uint64(1); n <= 5; n++ {
		l.Publish(Event{Number: n})
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, ErrBehind) {
		t.Errorf("got %v, want ErrBehind", err)
	}
}

func TestFollowAfter(t *testing.T) {
	l := NewLog(4, 10)
	for n := uint64(11); n <= 16; n++ {
		l.Publish(Event{Number: n})
	}
	tests := []struct {
		name   string
		number uint64
		want   []uint64 // nil: ErrBehind
	}{
		{"everything that is kept", 13, []uint64{14, 15, 16}},
		{"the newest", 15, []uint64{16}},
		{"the oldest kept may have had older ones before it", 12, nil},
		{"from the future", 99, nil},
		{"zero", 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := l.FollowAfter(test.number)
			if test.want == nil {
				if !errors.Is(err, ErrBehind) {
					t.Fatalf("got %v, want ErrBehind", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Next(t.Context())
			if err != nil || len(got) != len(test.want) || numbers(got)[0] != test.want[0] {
				t.Errorf("got %v, %v; want %v", numbers(got), err, test.want)
			}
		})
	}
	if r, err := l.FollowAfter(16); err != nil || r.at != l.next {
		t.Errorf("following after the last event: %v, %v", r, err)
	}
}

func TestReadersSeeEveryEventInOrder(t *testing.T) {
	l := NewLog(1<<14, 0)
	const events, readers = 10_000, 8
	var wg sync.WaitGroup
	for range readers {
		r := l.Follow()
		wg.Go(func() {
			seen := uint64(0)
			for seen < events {
				got, err := r.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range got {
					if e.Number != seen+1 {
						t.Errorf("event %d after %d", e.Number, seen)
						return
					}
					seen = e.Number
				}
			}
		})
	}
	for n := uint64(1); n <= events; n++ {
		l.Publish(Event{Number: n})
	}
	wg.Wait()
}

func TestLogTextsAreBounded(t *testing.T) {
	const task = "a task"
	l := NewLog(1<<12, 0)
	r := l.Follow()
	l.PublishLog(task, "nobody watches")
	stop := l.WatchLog(task)
	chunk := strings.Repeat("x", MaxLogText)
	for n := range 3 * maxLogKept / MaxLogText {
		l.PublishLog(task, chunk+"more than is kept")
		if n%3 == 0 {
			l.Publish(Event{Data: "another"})
		}
	}
	var got []Event
	for len(got) < l.next {
		some, err := r.Next(t.Context())
		if err != nil || len(some) > maxBatch {
			t.Fatalf("%d events at once, %v", len(some), err)
		}
		got = append(got, some...)
	}
	texts := 0
	for _, e := range got {
		if logged, ok := e.Data.(TaskLogged); ok {
			texts += len(logged.Text)
		}
	}
	if texts != maxLogKept {
		t.Errorf("%d bytes of text are kept, want %d", texts, maxLogKept)
	}
	stop()
	stop() // twice is fine
	l.PublishLog(task, "nobody watches any more")
	if l.next != len(got) {
		t.Errorf("%d events, want %d", l.next, len(got))
	}
}

func TestOverwrittenLogTexts(t *testing.T) {
	l := NewLog(4, 0)
	defer l.WatchLog("a task")()
	for range 4 * maxLogKept / MaxLogText {
		l.PublishLog("a task", strings.Repeat("x", MaxLogText))
	}
	if l.logSize > maxLogKept {
		t.Errorf("%d bytes are counted", l.logSize)
	}
}

func BenchmarkPublish(b *testing.B) {
	l := NewLog(0, 0)
	for n := range b.N {
		l.Publish(Event{Number: uint64(n + 1)})
	}
}
