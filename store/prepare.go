package store

import (
	"encoding/binary"
	"math"
	"strings"

	"renderfarm/farm"
)

// A NewJob is a plan that was checked, encoded and compressed: storing it holds
// up the writer for milliseconds, whatever its size. It can be stored once.
type NewJob struct {
	job    *Job
	plan   []byte   // records without checksum
	detail []byte   // likewise
	chunks [][]byte // likewise
}

// ID returns the id that the job will have.
func (n *NewJob) ID() farm.JobID { return n.job.ID }

// Prepare makes a plan ready to be stored by AddJob. It works in the caller's
// goroutine. Needs that are out of range or go in a circle, and plans beyond
// the store's limits, are farm.Invalid, naming the tasks. p.ID and p.Created
// must be set; p is not kept.
func Prepare(p *farm.Plan) (*NewJob, error) {
	uuid, ok := farm.ParseUUID(string(p.ID))
	if !ok {
		return nil, farm.Errorf(farm.Invalid, "the job's id %q is not a UUID", p.ID)
	}
	if p.Priority < math.MinInt32 || p.Priority > math.MaxInt32 {
		return nil, farm.Errorf(farm.Invalid, "the job's priority %d is too large: use a number between 0 and 100", p.Priority)
	}
	shape, err := shapeOf(p.Tasks)
	if err != nil {
		return nil, err
	}
	if err := findCircle(shape, p.Tasks); err != nil {
		return nil, err
	}
	n := &NewJob{plan: shape.encode()}
	n.detail, err = encodeDetail(&farm.JobDetail{Settings: p.Settings, Metadata: p.Metadata, ShamanCheckout: p.ShamanCheckout, SubmitterPlatform: p.SubmitterPlatform})
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "the job's settings cannot be stored: %v", err)
	}
	var w chunkWriter
	for at := 0; at < len(p.Tasks); at += chunkTasks {
		c, err := w.encode(p.Tasks[at:min(at+chunkTasks, len(p.Tasks))])
		if err != nil {
			return nil, err
		}
		n.chunks = append(n.chunks, c)
	}
	// The index of the tasks is made here too, not in the writer.
	record := jobRecord{uuid: uuid, Job: farm.Job{ID: farm.JobID(uuid.String()), Name: p.Name, Type: p.Type, Priority: p.Priority, Tag: p.Tag,
		JobFacts: farm.JobFacts{Intent: p.Intent}, StepsTotal: shape.steps, Created: whole(p.Created)}}
	record.Counts[farm.TaskQueued] = shape.tasks
	n.job = newJob(record, shape)
	n.job.settle()
	return n, nil
}

// shapeOf finds the runs of a plan and its distinct lists of needs.
func shapeOf(tasks []farm.PlannedTask) (*shape, error) {
	if len(tasks) > maxTasks {
		return nil, farm.Errorf(farm.TooLarge, "the job has %d tasks, and a job can have at most %d: give each task more frames, or submit several jobs", len(tasks), maxTasks)
	}
	s := &shape{tasks: len(tasks), needs: needs{lists: make([][]span, 1)}}
	kinds := map[string]uint16{}
	lists := map[string]uint32{"": 0}
	var key []byte
	// One pass: each task continues the run before it or begins one, and its
	// needs are a list that was seen before or a new one.
	for i := range tasks {
		t := &tasks[i]
		steps := t.Steps()
		if t.Priority < math.MinInt32 || t.Priority > math.MaxInt32 || steps > maxSteps {
			return nil, farm.Errorf(farm.Invalid, "task %q has priority %d and %d steps: that is more than the store can keep", t.Name, t.Priority, steps)
		}
		kind, ok := kinds[t.Type]
		if !ok {
			if len(kinds) == maxTypes {
				return nil, farm.Errorf(farm.Invalid, "the job's tasks have more than %d different types", maxTypes)
			}
			kind = uint16(len(kinds))
			kinds[t.Type] = kind
			s.types = append(s.types, t.Type)
		}
		for _, need := range t.Needs {
			if need < 0 || need >= len(tasks) {
				return nil, farm.Errorf(farm.Invalid, "task %q needs task number %d, and the job's tasks are numbered 0 to %d", t.Name, need, len(tasks)-1)
			}
		}
		spans := spansOf(t.Needs)
		key = key[:0]
		for _, p := range spans {
			key = binary.LittleEndian.AppendUint64(key, uint64(p.from)<<32|uint64(p.to))
		}
		list, ok := lists[string(key)]
		if !ok {
			list = uint32(len(s.needs.lists))
			lists[string(key)] = list
			s.needs.lists = append(s.needs.lists, spans)
		}
		r := run{first: uint32(i), kind: kind, priority: int32(t.Priority), steps: int32(steps), needs: list}
		if last := len(s.runs) - 1; last < 0 || !s.runs[last].alike(r) {
			s.runs = append(s.runs, r)
		}
	}
	s.link()
	return s, nil
}

// alike reports whether a task described by next continues the run.
func (r run) alike(next run) bool {
	return r.kind == next.kind && r.priority == next.priority && r.steps == next.steps && r.needs == next.needs
}

// findCircle refuses a plan in which tasks wait for each other.
func findCircle(s *shape, tasks []farm.PlannedTask) error {
	if backwards(s) {
		return nil
	}
	completed, stuck := completable(s)
	if !stuck {
		return nil
	}
	return circleError(s, tasks, completed)
}

// backwards reports whether every task needs earlier tasks only, as nearly all
// plans have it: then there can be no circle.
func backwards(s *shape) bool {
	for i := range s.runs {
		spans := s.needs.lists[s.runs[i].needs]
		if len(spans) > 0 && spans[len(spans)-1].to > s.runs[i].first {
			return false
		}
	}
	return true
}

// completable completes tasks as long as there are some that need nothing more,
// and returns which it could complete and whether others are left.
func completable(s *shape) (completed []bool, stuck bool) {
	// Tasks that need the same become ready together, so counting per list is
	// enough.
	left := make([]int, len(s.needs.lists))
	for list, spans := range s.needs.lists {
		left[list] = size(spans)
	}
	completed = make([]bool, s.tasks)
	var ready []uint32 // runs whose tasks can be completed now
	for i := range s.runs {
		if left[s.runs[i].needs] == 0 {
			ready = append(ready, uint32(i))
		}
	}
	var found []uint32
	for len(ready) > 0 {
		r := int(ready[len(ready)-1])
		ready = ready[:len(ready)-1]
		for i := int(s.runs[r].first); i < s.end(r); i++ {
			completed[i] = true
			found = s.needs.listsWith(uint32(i), found[:0])
			for _, list := range found {
				if left[list]--; left[list] == 0 {
					ready = append(ready, s.needs.runsUsing(list)...)
				}
			}
		}
	}
	for _, done := range completed {
		stuck = stuck || !done
	}
	return completed, stuck
}

// circleError walks from a task that cannot be completed to one it waits for,
// until it comes to one for the second time, and names the tasks between.
func circleError(s *shape, tasks []farm.PlannedTask, completed []bool) error {
	at := 0
	for completed[at] {
		at++
	}
	seen := map[int]int{} // where a task is in path
	var path []int
	for {
		if from, ok := seen[at]; ok {
			path = path[from:]
			break
		}
		seen[at] = len(path)
		path = append(path, at)
		for need := range each(s.needs.lists[s.of(at).needs]) {
			if !completed[need] {
				at = int(need)
				break
			}
		}
	}
	const most = 8
	var names []string
	for _, i := range path[:min(len(path), most)] {
		names = append(names, `"`+tasks[i].Name+`"`)
	}
	if len(path) > most {
		names = append(names, "…")
	}
	names = append(names, `"`+tasks[path[0]].Name+`"`)
	return farm.Errorf(farm.Invalid, "the job's tasks wait for each other, so none of them could ever start: %s. Correct what the job type script adds with addDependency", strings.Join(names, " needs "))
}
