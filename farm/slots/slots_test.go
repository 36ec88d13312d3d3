package slots

import (
	"context"
	"testing"
	"testing/synctest"
)

// TestSlots has a client that takes all it can get: it gets its share, and others
// get the rest.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(5, 3)
		ctx, leave := context.WithCancel(t.Context())
		got := make(chan func(), 10)
		failed := make(chan error, 10)
		for range 6 {
			go func() {
				if giveBack, err := s.Take(ctx, "greedy"); err != nil {
					failed <- err
				} else {
					got <- giveBack
				}
			}()
		}
		synctest.Wait()
		if len(got) != 3 || s.Taken() != 3 {
			t.Errorf("the greedy client has %d slots of %d taken", len(got), s.Taken())
		}
		if _, ok := s.TryTake("greedy"); ok {
			t.Error("it got another one")
		}
		var others []func()
		for range 3 {
			if giveBack, ok := s.TryTake("other"); ok {
				others = append(others, giveBack)
			}
		}
		if len(others) != 2 {
			t.Errorf("the other client has %d slots", len(others))
		}
		(<-got)() // the next in line of the greedy one gets it
		synctest.Wait()
		if len(got) != 3 || s.Taken() != 5 {
			t.Errorf("after one was given back it has %d slots of %d", len(got), s.Taken())
		}
		leave()
		synctest.Wait()
		if len(failed) != 2 {
			t.Errorf("%d gave up", len(failed))
		}
		for range 3 {
			(<-got)()
		}
		for _, giveBack := range others {
			giveBack()
		}
		if s.Taken() != 0 || len(s.clients) != 0 {
			t.Errorf("%d slots and %d clients are left", s.Taken(), len(s.clients))
		}
	})
}
