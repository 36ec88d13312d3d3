package store

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

func TestSeal(t *testing.T) {
	key := []byte("key")
	value := taskBucket.seal(key, []byte{recordVersion, 1, 2, 3})
	if payload, err := taskBucket.open(key, value); err != nil || !bytes.Equal(payload, []byte{1, 2, 3}) {
		t.Fatal(payload, err)
	}
	if _, err := jobBucket.open(key, value); err == nil {
		t.Error("opened from another bucket")
	}
	if _, err := taskBucket.open([]byte("kez"), value); err == nil {
		t.Error("opened under another key")
	}
	for bit := range len(value) * 8 {
		bad := bytes.Clone(value)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := taskBucket.open(key, bad); err == nil || !strings.Contains(err.Error(), "bucket task with key 6b6579") {
			t.Errorf("bit %d: %v", bit, err)
		}
	}
	for n := range len(value) {
		if _, err := taskBucket.open(key, value[:n]); err == nil {
			t.Errorf("opened with %d bytes", n)
		}
	}
	if _, err := taskBucket.open(key, taskBucket.seal(key, []byte{9})); err == nil || !strings.Contains(err.Error(), "version is 9") {
		t.Error(err)
	}
}

func TestReader(t *testing.T) {
	r := reader{rest: []byte{200, 1}}
	if r.count(199) != 0 || r.err == nil {
		t.Error("a count beyond its bound was accepted")
	}
	if r.uint() != 0 || r.byte() != 0 || r.string() != "" {
		t.Error("a reader goes on after an error")
	}
	r = reader{rest: []byte{0}}
	if r.count(-1); r.err == nil {
		t.Error("a count of nothing was accepted")
	}
	r = reader{rest: bytes.Repeat([]byte{0xff}, 11)}
	if r.uint(); r.err == nil {
		t.Error("a number of more than 64 bits was accepted")
	}
	if err := (&reader{rest: []byte{1}}).end(); err == nil {
		t.Error("left-over bytes were accepted")
	}
}

func TestTaskRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		created := rapid.Int64Range(0, 1<<42).Draw(t, "created")
		r := taskRecord{status: farm.TaskStatus(rapid.IntRange(0, farm.TaskStatuses-1).Draw(t, "status")), worker: rapid.Uint32Range(0, maxWorkers).Draw(t, "worker"),
			attempt: rapid.IntRange(0, maxAttempts).Draw(t, "attempt"), done: rapid.IntRange(0, maxSteps).Draw(t, "done"),
			updated: created + rapid.Int64Range(-1000, 1<<40).Draw(t, "updated"), touched: rapid.SampledFrom([]int64{noTime, 0, created + 5}).Draw(t, "touched"),
			activity: rapid.String().Draw(t, "activity")}
		if n := rapid.SliceOfN(rapid.Uint32Range(1, 300), 0, 4).Draw(t, "failed by"); len(n) > 0 {
			r.failedBy = n
		}
		r.failures = rapid.SampledFrom([]int{0, len(r.failedBy), 5}).Draw(t, "failures")
		r.excused = rapid.SampledFrom([]int{0, 1, 300}).Draw(t, "excused")
		if text := rapid.StringN(0, 20, farm.MaxCauseText).Draw(t, "cause"); text != "" {
			r.cause = &farm.Cause{Class: "python", Means: text, Line: text}
		}
		b := r.appendTo(nil, created)
		back, err := decodeTask(b[1:], created)
		if err != nil || !reflect.DeepEqual(r, back) {
			t.Fatalf("%+v from %+v: %v", back, r, err)
		}
	})
}

func TestTaskRecordIsSmall(t *testing.T) {
	r := taskRecord{status: farm.TaskCompleted, worker: 12, attempt: 1, done: 1, updated: 3_600_000, touched: 3_600_000}
	if b := r.appendTo(nil, 0); len(b) > 16 {
		t.Errorf("a completed task takes %d bytes", len(b))
	}
}

func TestJobRecord(t *testing.T) {
	for _, c := range []struct {
		name string
		job  jobRecord
	}{
		{"empty", jobRecord{Job: farm.Job{Created: testTime, Updated: testTime}}},
		{"all", jobRecord{removing: true, Job: farm.Job{Name: "scene ü", Type: "simple", Priority: -3, Tag: "tag", JobFacts: farm.JobFacts{Planning: true, NoWorkersLeft: true, GivenUp: true, Intent: farm.IntentAbort,
			Counts: farm.Counts{1, 2, 3, 4, 5, maxTasks}}, StepsDone: 7, StepsTotal: 1 << 40, Created: testTime, Updated: testTime.Add(time.Hour), Activity: "going", Deleting: testTime, RetryAt: testTime.Add(time.Minute)}}},
		{"a pass", jobRecord{Job: farm.Job{Created: testTime, Updated: testTime, Activity: "at 7", JobFacts: farm.JobFacts{
			Pass: farm.Pass{Kind: farm.PassRevive, Root: 3, Step: 1, Next: 7, Repeat: true, Reason: "because"}}}}},
		{"times before creation", jobRecord{Job: farm.Job{Created: testTime, Updated: testTime.Add(-time.Hour), Deleting: testTime.Add(time.Minute)}}},
	} {
		c.job.uuid = farm.NewUUID()
		c.job.ID = farm.JobID(c.job.uuid.String())
		back, err := decodeJob(c.job.appendTo(nil)[1:])
		if err != nil || back != c.job {
			t.Errorf("%s: %+v from %+v: %v", c.name, back, c.job, err)
		}
	}
}

// A job may have been counted by a program that knew fewer statuses, or more.
func TestJobRecordOfOtherStatuses(t *testing.T) {
	j := jobRecord{Job: farm.Job{Created: testTime, Updated: testTime, JobFacts: farm.JobFacts{Counts: farm.Counts{farm.TaskQueued: 3}}}}
	whole := j.appendTo(nil)[1:]
	at := 16 + 2 + 3 + 1 // UUID, flags and intent, empty texts, priority
	if int(whole[at]) != farm.TaskStatuses {
		t.Fatalf("byte %d of % x is not the number of statuses", at, whole)
	}
	before, after := whole[:at], whole[at+1+farm.TaskStatuses:]
	for _, c := range []struct {
		counts       []byte
		counts0, bad int
	}{{[]byte{2, 4, 0}, 4, 0}, {[]byte{0}, 0, 0}, {append([]byte{byte(farm.TaskStatuses) + 1, 5}, make([]byte, farm.TaskStatuses)...), 5, 0},
		{append(append([]byte{byte(farm.TaskStatuses) + 1}, make([]byte, farm.TaskStatuses)...), 1), 0, 1}, {[]byte{maxStatuses + 1}, 0, 1}} {
		got, err := decodeJob(slices.Concat(before, c.counts, after))
		if (err != nil) != (c.bad > 0) || err == nil && (got.Counts[0] != c.counts0 || !got.Updated.Equal(testTime)) {
			t.Errorf("% x: %v, %v", c.counts, got.Counts, err)
		}
	}
}

func TestWorkerRecord(t *testing.T) {
	w := farm.Worker{ID: "w", Name: "render-1", TaskTypes: []string{"a"}, Tags: []farm.TagID{"t"}, SecretHash: []byte{1}, Created: testTime,
		Status: farm.WorkerAwake, Request: farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}, Updated: testTime, LastSeen: testTime, LastTask: farm.TaskID(farm.NewUUID().String()),
		TimeZone: "Europe/Berlin", Schedule: farm.Schedule{Active: true, Windows: make([]farm.Window, 2)}, ScheduleAt: testTime}
	for _, w := range []farm.Worker{w, {ID: "new", Created: testTime, Updated: testTime, Deleted: testTime}} {
		constant := constantPart(w)
		back, err := decodeWorker(encodeJSON(&constant)[1:], appendSeen(nil, &w)[1:])
		if err != nil || !reflect.DeepEqual(back, w) {
			t.Errorf("%+v from %+v: %v", back, w, err)
		}
		if !sameConstantPart(&constant, &w) {
			t.Errorf("%+v differs from %+v", constant, w)
		}
	}
	for i, change := range []func(*farm.Worker){
		func(w *farm.Worker) { w.Name = "x" }, func(w *farm.Worker) { w.Address = "x" }, func(w *farm.Worker) { w.Tags = nil }, func(w *farm.Worker) { w.Unable = []farm.Unable{{TaskTypes: []string{"a"}, Reason: "x"}} }, func(w *farm.Worker) { w.TaskTypes = nil },
		func(w *farm.Worker) { w.Deleted = testTime }, func(w *farm.Worker) { w.CanRestart = true }, func(w *farm.Worker) { w.SecretHash = nil },
		func(w *farm.Worker) { w.Platform = "x" }, func(w *farm.Worker) { w.Software = "x" }, func(w *farm.Worker) { w.Created = time.Time{} },
		func(w *farm.Worker) { w.TimeZone = "" }, func(w *farm.Worker) { w.Schedule.Active = false }, func(w *farm.Worker) { w.ScheduleAt = time.Time{} },
		func(w *farm.Worker) { w.Schedule.Windows = w.Schedule.Windows[:1] },
	} {
		other := w
		if change(&other); sameConstantPart(&w, &other) {
			t.Errorf("change %d is not seen", i)
		}
	}
}

func TestChunk(t *testing.T) {
	p := frames(300, false)
	for _, tasks := range [][]farm.PlannedTask{p.Tasks[:256], p.Tasks[:1], nil} {
		b, err := new(chunkWriter).encode(tasks)
		if err != nil {
			t.Fatal(err)
		}
		c, err := decodeChunk(b[1:])
		if err != nil || len(c.heads) != len(tasks) {
			t.Fatal(err)
		}
		for i := range tasks {
			if got, err := c.task(i); err != nil || !reflect.DeepEqual(got, tasks[i]) {
				t.Errorf("task %d is %+v: %v", i, got, err)
			}
		}
		if len(tasks) == 256 && len(b) > 256*40 {
			t.Errorf("a chunk takes %d bytes", len(b))
		}
	}
}

func TestUnpackIsBounded(t *testing.T) {
	bomb := appendPacked(nil, make([]byte, 1<<20))
	if _, err := unpack(bomb, 1<<16); err == nil || len(bomb) > 1<<16 {
		t.Errorf("a megabyte of zeros came out of %d bytes: %v", len(bomb), err)
	}
	if raw, err := unpack(bomb, 1<<20); err != nil || len(raw) != 1<<20 {
		t.Error(len(raw), err)
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("ü", farm.MaxActivity)
	if got := clip(long); len(got) > farm.MaxActivity || len(got) < farm.MaxActivity-1 || !strings.HasPrefix(long, got) {
		t.Errorf("%d bytes", len(got))
	}
	if clip("short") != "short" {
		t.Error("a short line was cut")
	}
}

// Decoders get what a damaged file or a program that shares its format says.
// None may panic, or allocate much more than it was given.
func FuzzDecoders(f *testing.F) {
	plan, _ := scheduler.NewPlan(frames(10, true).Tasks)
	chunk, _ := new(chunkWriter).encode(frames(3, false).Tasks)
	detail, _ := encodeDetail(&farm.JobDetail{Settings: map[string]any{"a": strings.Repeat("b", packFrom)}})
	job := jobRecord{Job: farm.Job{Name: "n", Created: testTime, Updated: testTime, Deleting: testTime}}
	task := taskRecord{status: farm.TaskFailed, worker: 3, failedBy: []uint32{1, 2}, failures: 3, touched: 5, activity: "x"}
	for _, seed := range [][]byte{encodePlan(plan), chunk, detail, job.appendTo(nil), task.appendTo(nil, 0), appendSeen(nil, &farm.Worker{LastTask: farm.TaskID(farm.NewUUID().String())}),
		(&counters{1, 2, 3, 4}).encode(), {recordVersion, packFlate, 1, 2, 3}, encodeJSON(&farm.Tag{ID: "t"})} {
		f.Add(seed[1:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := decodePlan(b); err == nil && p.Tasks < 1<<16 {
			// What decodes can be used.
			j := newJob(jobRecord{}, p)
			j.sched.Derive()
			p.HasCycle()
			sched := scheduler.New()
			sched.Add(j.sched, 1, j)
			sched.SetTerms(j.sched, scheduler.Terms{Open: true})
			w := sched.AddWorker(&farm.Worker{TaskTypes: p.Types, Status: farm.WorkerAwake})
			for range min(p.Tasks, 1000) {
				if task, ok := sched.Pick(w); ok {
					sched.SetTask(task, farm.TaskCompleted, nil)
				}
			}
			if back, err := decodePlan(encodePlan(p)[1:]); err != nil || !reflect.DeepEqual(p, back) {
				t.Errorf("%+v from %+v: %v", back, p, err)
			}
		}
		if c, err := decodeChunk(b); err == nil {
			for i := range c.heads {
				c.task(i)
			}
		}
		decodeDetail(b)
		if j, err := decodeJob(b); err == nil {
			if _, err := decodeJob(j.appendTo(nil)[1:]); err != nil {
				t.Errorf("%+v does not decode: %v", j, err)
			}
		}
		decodeTask(b, math.MaxInt64)
		decodeSeen(b, &farm.Worker{})
		decodeCounters(b)
		decodeTag(b)
		decodeWorker(b, b)
		decodeBlock(b, b)
	})
}
