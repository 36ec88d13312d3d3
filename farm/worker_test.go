package farm

import "testing"

// farmStatuses are the rules of the farm's status in the order in which they
// are looked at, as questions to what there is.
var farmStatuses = []struct {
	status FarmStatus
	holds  func(w map[WorkerStatus]int, active, queued bool) bool
}{
	{FarmInoperative, func(w map[WorkerStatus]int, _, _ bool) bool {
		return w[WorkerStarting]+w[WorkerAwake]+w[WorkerAsleep]+w[WorkerTesting]+w[WorkerRestart] == 0
	}},
	{FarmActive, func(w map[WorkerStatus]int, active, _ bool) bool { return active && w[WorkerAwake] > 0 }},
	{FarmWaiting, func(_ map[WorkerStatus]int, active, queued bool) bool { return active || queued }},
	{FarmAsleep, func(w map[WorkerStatus]int, _, _ bool) bool { return w[WorkerAwake] == 0 && w[WorkerAsleep] > 0 }},
	{FarmIdle, func(map[WorkerStatus]int, bool, bool) bool { return true }},
}

// TestStatusOfFarm tries every combination of statuses that some worker has.
func TestStatusOfFarm(t *testing.T) {
	seen := map[FarmStatus]bool{}
	for set := range 1 << len(workerStatusNames) {
		workers := map[WorkerStatus]int{}
		for s := range workerStatusNames {
			workers[WorkerStatus(s)] = set >> s & 1 * (s + 1)
		}
		for jobs := range 4 {
			active, queued := jobs&1 != 0, jobs&2 != 0
			got := StatusOfFarm(workers, active, queued)
			for _, rule := range farmStatuses {
				if rule.holds(workers, active, queued) {
					if seen[got] = true; got != rule.status {
						t.Fatalf("workers %v, job active: %v, queued: %v: the farm is %s, want %s", workers, active, queued, got, rule.status)
					}
					break
				}
			}
		}
	}
	if len(seen) != len(farmStatuses) {
		t.Errorf("only %v were seen", seen)
	}
}

func TestFarmStatusExamples(t *testing.T) {
	for _, c := range []struct {
		name           string
		workers        map[WorkerStatus]int
		active, queued bool
		want           FarmStatus
	}{
		{"nobody", nil, false, true, FarmInoperative},
		{"registered only", map[WorkerStatus]int{WorkerUnknown: 3}, true, true, FarmInoperative},
		{"lost and gone", map[WorkerStatus]int{WorkerError: 1, WorkerOffline: 2}, false, false, FarmInoperative},
		{"at work", map[WorkerStatus]int{WorkerAwake: 1, WorkerAsleep: 9, WorkerError: 1}, true, false, FarmActive},
		{"work for sleepers", map[WorkerStatus]int{WorkerAsleep: 2}, true, false, FarmWaiting},
		{"work not begun", map[WorkerStatus]int{WorkerAwake: 2}, false, true, FarmWaiting},
		{"night", map[WorkerStatus]int{WorkerAsleep: 2, WorkerOffline: 1}, false, false, FarmAsleep},
		{"nothing to do", map[WorkerStatus]int{WorkerAwake: 1, WorkerAsleep: 1}, false, false, FarmIdle},
		{"nobody left in the map", map[WorkerStatus]int{WorkerAwake: 0}, false, false, FarmInoperative},
	} {
		if got := StatusOfFarm(c.workers, c.active, c.queued); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
