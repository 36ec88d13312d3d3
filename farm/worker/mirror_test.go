package worker

import (
	"errors"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A task whose files are taken away each time is given back a few times, and then fails.
func TestGivenBackAgainAndAgain(t *testing.T) {
	m := newMirror(Options{Dir: t.TempDir()})
	end := func(task farm.TaskID, err error) (back bool, told error) {
		r := &run{task: &api.AssignedTask{UUID: task}}
		told = (&mirrored{mirror: m, tree: m.enter("job"), r: r, looked: true, fetched: true}).ended(err)
		return errors.As(told, new(*givenBack)), told
	}
	gone := &givenBack{errors.New("noise.png was removed")}
	for range 2 {
		for n := range maxGivenBack {
			if back, told := end("one", gone); !back {
				t.Fatalf("time %d: %v", n+1, told)
			}
			end("another", nil)
		}
		back, told := end("one", gone)
		if back || told == nil || !strings.HasPrefix(told.Error(), "noise.png was removed. That was so 4 times in a row") {
			t.Fatalf("at last: %v", told)
		}
	}
	for range 2 * maxGivenBack { // each time it was completed meanwhile
		if back, told := end("one", gone); !back {
			t.Fatalf("after it was completed: %v", told)
		}
		if _, told := end("one", nil); told != nil {
			t.Fatal(told)
		}
	}
}
