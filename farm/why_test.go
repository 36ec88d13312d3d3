package farm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWhyAJobIsStopped has the statuses that are gone through quickly, or that a
// farm gets into by many steps; the others are in farm/manager.
func TestWhyAJobIsStopped(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name         string
		job          Job
		reason, next string
	}{
		{"being deleted", Job{Deleting: now, JobFacts: JobFacts{Intent: IntentAbort, Counts: Counts{TaskCompleted: 1}}}, "the job is being deleted", ""},
		{"being stored", Job{JobFacts: JobFacts{Planning: true}}, "the job is being stored", ""},
		{"tasks failed", Job{JobFacts: JobFacts{Counts: Counts{TaskFailed: 2, TaskCompleted: 3}}}, "2 of its 5 tasks failed",
			"see why with: farm jobs log 1f2e3d4c; try those again with: farm jobs requeue --failed 1f2e3d4c"},
		{"nobody left", Job{JobFacts: JobFacts{NoWorkersLeft: true, Counts: Counts{TaskFailed: 1, TaskQueued: 3}}}, "everybody who could do tasks of one of its types was blocked",
			"lift the blocks with: farm jobs blocklist 1f2e3d4c --clear; or do it again with: farm jobs requeue 1f2e3d4c"},
	} {
		job := JobDiagnosis{Job: c.job}
		job.ID = "1f2e3d4c-0000"
		if why := job.Explain(now); why.Reason != c.reason || why.Next() != c.next || why.Running || why.Clear {
			t.Errorf("%s: %+v, want %q and %q", c.name, why, c.reason, c.next)
		}
	}
}

// TestWhyAllFailed has what the scheduler rules out while somebody is awake: those
// that failed a task try again when nobody else is there.
func TestWhyAllFailed(t *testing.T) {
	w := Demand{Job: "1f2e3d4c", Type: "blender", Workers: []Candidate{{Name: "a", Obstacle: FailedBefore}}}
	if why := w.Explain(time.Time{}); why.Reason != "failed on worker a, the only one that could do it" {
		t.Errorf("%+v", why)
	}
	w.Workers = append(w.Workers, Candidate{Name: "b", Obstacle: WorkerBlocked}, Candidate{Name: "c", Obstacle: TypeUnsupported})
	if why := w.Explain(time.Time{}); why.Reason != "failed on every worker that could do it" || len(why.Details) != 2 {
		t.Errorf("%+v", why)
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.FixedZone("", 3600))
	for at, want := range map[time.Time]string{
		now.Add(7 * time.Hour):            "19:00",
		now.Add(-11 * time.Hour):          "01:00",
		now.Add(7 * time.Hour).UTC():      "19:00",
		now.Add(20 * time.Hour):           "Thu 08:00",
		now.Add(-48 * time.Hour):          "Mon 12:00",
		now.AddDate(0, 0, 7):              "2 Dec 2026 12:00",
		now.AddDate(1, 0, 0):              "25 Nov 2027 12:00",
		now.AddDate(0, 0, -20).Add(-1e10): "5 Nov 2026 11:59",
	} {
		if got := clock(at, now); got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
}

func TestJobsAhead(t *testing.T) {
	for _, c := range []struct {
		higher, others int
		want           string
	}{
		{0, 0, ""}, {1, 0, "1 job of higher priority"}, {3, 0, "3 jobs of higher priority"},
		{0, 1, "1 job of the same priority that comes first"}, {0, 2, "2 jobs of the same priority that come first"},
		{2, 1, "2 jobs of higher priority and 1 of the same that comes first"}, {100, 0, "100 jobs or more of higher priority"},
	} {
		w := Demand{Higher: c.higher, Others: c.others}
		if got := w.ahead(); got != c.want {
			t.Errorf("%d and %d: %q, want %q", c.higher, c.others, got, c.want)
		}
	}
}

// What the farm can do by itself is an action, and no advice: that is for what only people
// can do. A sentence with a command would be one without a button.
func TestAdviceHasNoCommands(t *testing.T) {
	files, err := filepath.Glob("why*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range append(files, "secondrun.go", "doubts.go", filepath.Join("diagnosis", "rules.yaml"), filepath.Join("manager", "why.go"), filepath.Join("manager", "slow.go"), filepath.Join("manager", "secondruns.go")) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if strings.Contains(line, "Command") || strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue // of an action
			}
			for _, words := range []string{"farm jobs ", "farm workers ", "farm tags "} {
				if strings.Contains(line, words) {
					t.Errorf("%s:%d: %s", name, n+1, strings.TrimSpace(line))
				}
			}
		}
	}
}

// Commands can be pasted into a shell whatever a worker or a tag is called.
func TestCommandsOfNames(t *testing.T) {
	for name, want := range map[string]string{
		"render07": "farm workers wake render07", "Anna's": "farm workers wake 7a-b", "render 07": "farm workers wake 'render 07'", "-x": "farm workers wake 7a-b",
		"a;b": "farm workers wake 7a-b", "a,b": "farm workers wake 7a-b", "a:misc": "farm workers wake 7a-b", "": "farm workers wake 7a-b", "büro-2.local": "farm workers wake büro-2.local",
	} {
		s := Candidate{ID: "7a-b", Name: name}
		if got := s.wake("").Command; got != want {
			t.Errorf("of %q: %s, want %s", name, got, want)
		}
	}
}

func TestDoubts(t *testing.T) {
	job := JobDiagnosis{Job: Job{JobFacts: JobFacts{Counts: Counts{TaskCompleted: 3}}}}
	job.ID = "1f2e3d4c-0000"
	why := job.Explain(time.Time{})
	job.AddDoubts(&why, Doubts{Flagged: []int{7}, Flags: FrameNotFinite | FrameFlat, Old: []int{-2, -1, 0, 1}, More: true})
	if got, want := strings.Join(why.Warnings, "\n"), "somebody should look at frame 7: one colour; pixels that are no numbers, and there may be more\nframes -2..1 were made from an older .blend than others, and there may be more"; got != want {
		t.Error(got)
	}
	if got, want := why.Next(), "render frame 7 again with: farm jobs rerender 1f2e3d4c 7; render frames -2..1 again with: farm jobs rerender 1f2e3d4c -- -2..1; do it again with: farm jobs requeue 1f2e3d4c"; got != want {
		t.Error(got)
	}
	why = Why{}
	var many []int
	for n := range 100 {
		many = append(many, 3*n)
	}
	if job.AddDoubts(&why, Doubts{Old: many}); why.Actions[0].Label != "Render 100 frames from 0 to 297 again" {
		t.Errorf("%+v", why.Actions)
	}
}
