package scheduler

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"renderfarm/farm"
)

// NewPlan finds the runs of a job's tasks and the distinct lists of what they
// need. Needs that are out of range or form a cycle, and plans beyond the
// limits, are farm.Invalid or farm.TooLarge, naming the tasks. It looks at each
// task, and each of its needs, once.
func NewPlan(tasks []farm.PlannedTask) (*Plan, error) {
	p, err := runsOf(tasks)
	if err != nil {
		return nil, err
	}
	return p, findCycle(p, tasks)
}

// runsOf is NewPlan without a look for cycles.
func runsOf(tasks []farm.PlannedTask) (*Plan, error) {
	if len(tasks) > MaxTasks {
		return nil, farm.Errorf(farm.TooLarge, "the job has %d tasks, and a job can have at most %d: give each task more frames, or submit several jobs", len(tasks), MaxTasks)
	}
	p := &Plan{Tasks: len(tasks), Lists: make([][]Span, 1)}
	types := map[string]uint16{}
	lists := map[string]uint32{"": 0}
	var key []byte
	// One pass: each task continues the run before it or begins one, and its
	// needs are a list that was seen before or a new one.
	for i := range tasks {
		t := &tasks[i]
		steps := t.Steps()
		if t.Priority < math.MinInt32 || t.Priority > math.MaxInt32 || steps > MaxSteps {
			return nil, farm.Errorf(farm.Invalid, "task %q has priority %d and %d steps: that is more than the store can keep", t.Name, t.Priority, steps)
		}
		kind, ok := types[t.Type]
		if !ok {
			if len(types) == MaxTypes {
				return nil, farm.Errorf(farm.Invalid, "the job's tasks have more than %d different types", MaxTypes)
			}
			kind = uint16(len(types))
			types[t.Type] = kind
			p.Types = append(p.Types, t.Type)
		}
		for _, need := range t.Needs {
			if need < 0 || need >= len(tasks) {
				return nil, farm.Errorf(farm.Invalid, "task %q needs task number %d, and the job's tasks are numbered 0 to %d", t.Name, need, len(tasks)-1)
			}
		}
		spans := spansOf(t.Needs)
		key = key[:0]
		for _, s := range spans {
			key = binary.LittleEndian.AppendUint64(key, uint64(s.From)<<32|uint64(s.To))
		}
		list, ok := lists[string(key)]
		if !ok {
			list = uint32(len(p.Lists))
			lists[string(key)] = list
			p.Lists = append(p.Lists, spans)
		}
		r := Run{First: uint32(i), Type: kind, Priority: int32(t.Priority), Steps: int32(steps), Needs: list}
		if last := len(p.Runs) - 1; last < 0 || !p.Runs[last].alike(r) {
			p.Runs = append(p.Runs, r)
		}
	}
	p.Link()
	return p, nil
}

// alike reports whether a task described by next continues the run.
func (r Run) alike(next Run) bool {
	return r.Type == next.Type && r.Priority == next.Priority && r.Steps == next.Steps && r.Needs == next.Needs
}

// spansOf turns indexes, in any order and possibly repeated, into spans.
func spansOf(indexes []int) []Span {
	if len(indexes) == 0 {
		return nil
	}
	if !slices.IsSorted(indexes) {
		indexes = slices.Sorted(slices.Values(indexes))
	}
	var spans []Span
	for _, i := range indexes {
		if last := len(spans) - 1; last >= 0 && uint32(i) <= spans[last].To {
			spans[last].To = max(spans[last].To, uint32(i)+1)
		} else {
			spans = append(spans, Span{uint32(i), uint32(i) + 1})
		}
	}
	return spans
}

// findCycle refuses a plan in which tasks wait for each other.
func findCycle(p *Plan, tasks []farm.PlannedTask) error {
	if backwards(p) {
		return nil
	}
	completed, stuck := completable(p)
	if !stuck {
		return nil
	}
	return cycleError(p, tasks, completed)
}

// HasCycle reports whether tasks of the plan wait for each other, so that none
// of them could ever start.
func (p *Plan) HasCycle() bool { _, stuck := completable(p); return stuck }

// backwards reports whether every task needs earlier tasks only, as nearly all
// plans have it: then there can be no cycle.
func backwards(p *Plan) bool {
	for i := range p.Runs {
		spans := p.Lists[p.Runs[i].Needs]
		if len(spans) > 0 && spans[len(spans)-1].To > p.Runs[i].First {
			return false
		}
	}
	return true
}

// completable completes tasks as long as there are some that need nothing more,
// and returns which it could complete and whether others are left.
func completable(p *Plan) (completed []bool, stuck bool) {
	// Tasks that need the same become ready together, so counting per list is
	// enough.
	left := make([]int, len(p.Lists))
	for list, spans := range p.Lists {
		left[list] = size(spans)
	}
	completed = make([]bool, p.Tasks)
	var ready []uint32 // runs whose tasks can be completed now
	for i := range p.Runs {
		if left[p.Runs[i].Needs] == 0 {
			ready = append(ready, uint32(i))
		}
	}
	var found []uint32
	for len(ready) > 0 {
		r := int(ready[len(ready)-1])
		ready = ready[:len(ready)-1]
		for i := int(p.Runs[r].First); i < p.End(r); i++ {
			completed[i] = true
			found = p.needs.listsWith(uint32(i), found[:0])
			for _, list := range found {
				if left[list]--; left[list] == 0 {
					ready = append(ready, p.needs.runsUsing(list)...)
				}
			}
		}
	}
	return completed, slices.Contains(completed, false)
}

// cycleError walks from a task that cannot be completed to one it waits for,
// until it comes to one for the second time, and names the tasks between.
func cycleError(p *Plan, tasks []farm.PlannedTask, completed []bool) error {
	at := slices.Index(completed, false)
	seen := map[int]int{} // where a task is in path
	var path []int
	for {
		if from, ok := seen[at]; ok {
			path = path[from:]
			break
		}
		seen[at] = len(path)
		path = append(path, at)
		for need := range each(p.Lists[p.Run(at).Needs]) {
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
