package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
)

// A shape is what the scheduler knows of a job's plan. It never changes. Most
// plans are thousands of tasks that differ in name and frame only, so it is
// kept as runs of neighbours that are alike.
type shape struct {
	tasks int
	steps int      // of all tasks
	types []string // by type number, in order of appearance
	runs  []run    // in index order
	needs needs

	// Ranks number the tasks by type, then priority (high first), then index:
	// the best runnable task of a type is the least rank in its part of one set.
	byRank    []uint32 // numbers of the runs in rank order
	typeStart []uint32 // the first rank of a type; one more than types
}

// A run is neighbouring tasks of the same type, priority, steps and needs.
type run struct {
	first    uint32 // index of its first task
	rank     uint32 // rank of its first task
	needs    uint32 // list number
	priority int32
	steps    int32 // of each task
	kind     uint16
}

// Limits of a plan. They are far beyond what people do, and keep what a
// damaged or hostile plan can make the store allocate within reason.
const (
	maxTasks    = 1 << 24
	maxTypes    = 1000
	maxSteps    = 1 << 30   // of one task
	maxPlanSize = 256 << 20 // bytes, decompressed
)

func (s *shape) runAt(index int) int {
	if len(s.runs) == 1 {
		return 0
	}
	return sort.Search(len(s.runs), func(r int) bool { return int(s.runs[r].first) > index }) - 1
}

// of returns the run that the task is in.
func (s *shape) of(index int) *run { return &s.runs[s.runAt(index)] }

// end returns the index after the last task of the run.
func (s *shape) end(r int) int {
	if r+1 < len(s.runs) {
		return int(s.runs[r+1].first)
	}
	return s.tasks
}

// atRank returns the task with the rank, and its run.
func (s *shape) atRank(rank int) (int, *run) {
	i := sort.Search(len(s.byRank), func(i int) bool { return int(s.runs[s.byRank[i]].rank) > rank }) - 1
	r := &s.runs[s.byRank[i]]
	return int(r.first) + rank - int(r.rank), r
}

// link computes what is derived: ranks, the number of steps, the way back from
// needs to the tasks that have them.
func (s *shape) link() {
	s.needs.link(s.runs)
	s.byRank = make([]uint32, len(s.runs))
	for i := range s.byRank {
		s.byRank[i] = uint32(i)
	}
	slices.SortStableFunc(s.byRank, func(a, b uint32) int {
		x, y := &s.runs[a], &s.runs[b]
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(y.priority, x.priority))
	})
	s.typeStart = make([]uint32, len(s.types)+1)
	rank := 0
	for _, n := range s.byRank {
		r := &s.runs[n]
		length := s.end(int(n)) - int(r.first)
		r.rank = uint32(rank)
		rank += length
		s.steps += length * int(r.steps)
		s.typeStart[r.kind+1] = uint32(rank)
	}
}

// encode appends the plan: the types, the lists of needs and the runs, with
// differences instead of values where neighbours tend to go together.
func (s *shape) encode() []byte {
	var b []byte
	b = binary.AppendUvarint(b, uint64(s.tasks))
	b = binary.AppendUvarint(b, uint64(len(s.types)))
	for _, t := range s.types {
		b = appendString(b, t)
	}
	b = binary.AppendUvarint(b, uint64(len(s.needs.lists)-1))
	from := uint32(0)
	for _, spans := range s.needs.lists[1:] {
		b = binary.AppendUvarint(b, uint64(len(spans)))
		at := from
		for i, p := range spans {
			if i == 0 {
				from = p.from
			}
			b = binary.AppendVarint(b, int64(p.from)-int64(at))
			b = binary.AppendUvarint(b, uint64(p.len()-1))
			at = p.to
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.runs)))
	list := uint32(0)
	for i := range s.runs {
		r := &s.runs[i]
		b = binary.AppendUvarint(b, uint64(s.end(i)-int(r.first)))
		b = binary.AppendUvarint(b, uint64(r.kind))
		b = binary.AppendVarint(b, int64(r.priority))
		b = binary.AppendUvarint(b, uint64(r.steps))
		b = binary.AppendVarint(b, int64(r.needs)-int64(list))
		list = r.needs
	}
	return appendPacked([]byte{recordVersion}, b)
}

// decodeShape reads what encode wrote, without its version byte.
func decodeShape(payload []byte) (*shape, error) {
	raw, err := unpack(payload, maxPlanSize)
	if err != nil {
		return nil, err
	}
	r := &reader{rest: raw}
	s := &shape{tasks: r.count(maxTasks)}
	for range r.count(min(maxTypes, len(r.rest))) {
		s.types = append(s.types, r.string())
	}
	s.decodeNeeds(r)
	s.decodeRuns(r)
	if err := r.end(); err != nil {
		return nil, err
	}
	s.link()
	return s, nil
}

func (s *shape) decodeNeeds(r *reader) {
	lists := 1 + r.count(len(r.rest))
	s.needs.lists = make([][]span, 1, lists)
	from := int64(0)
	for len(s.needs.lists) < lists && r.err == nil {
		spans := make([]span, r.count(len(r.rest)))
		at := from
		for i := range spans {
			first := at + r.int()
			end := first + 1 + int64(r.count(s.tasks))
			if first < 0 || end > int64(s.tasks) || i > 0 && first <= at {
				r.fail(fmt.Errorf("tasks %d to %d are needed, of %d", first, end-1, s.tasks))
				return
			}
			if i == 0 {
				from = first
			}
			spans[i] = span{uint32(first), uint32(end)}
			at = end
		}
		s.needs.lists = append(s.needs.lists, spans)
	}
}

func (s *shape) decodeRuns(r *reader) {
	runs := r.count(len(r.rest))
	s.runs = slices.Grow(s.runs, runs)
	index, list := 0, int64(0)
	for len(s.runs) < runs && r.err == nil {
		length := r.count(s.tasks - index)
		n := run{first: uint32(index), kind: uint16(r.count(len(s.types) - 1)), priority: int32(r.small()), steps: int32(r.count(maxSteps))}
		list += r.int()
		if list < 0 || list >= int64(len(s.needs.lists)) || length == 0 {
			r.fail(fmt.Errorf("the run at task %d has %d tasks and list of needs %d", index, length, list))
			return
		}
		n.needs = uint32(list)
		s.runs = append(s.runs, n)
		index += length
	}
	if index != s.tasks {
		r.fail(fmt.Errorf("its runs have %d tasks, of %d", index, s.tasks))
	}
}
