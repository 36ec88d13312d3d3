package scheduler

import (
	"cmp"
	"slices"
	"sort"
)

// A Plan is what the scheduler knows of a job's tasks as they were planned. Most
// plans are thousands of tasks that differ in name and frame only, so it is kept
// as runs of neighbours that are alike. NewPlan makes one; whoever stores plans
// reads the exported fields, and fills them and calls Link to have one again.
// After that it never changes, and any goroutine may read it.
type Plan struct {
	Tasks int      // how many
	Types []string // task types by type number, in order of appearance
	Runs  []Run    // in index order
	Lists [][]Span // distinct lists of needed tasks. List 0 is empty; spans ascend and do not touch

	steps int   // of all tasks
	needs needs // who needs whom, both ways

	// Ranks number the tasks by type, then priority (high first), then index:
	// the best runnable task of a type is the least rank in its part of one bitmap.
	byRank    []uint32 // numbers of the runs in rank order
	typeStart []uint32 // the first rank of a type; one more than types
}

// A Run is neighbouring tasks of the same type, priority, steps and needs.
type Run struct {
	First    uint32 // index of its first task
	Needs    uint32 // number of the list of tasks that each of them needs
	Priority int32
	Steps    int32  // of each task
	Type     uint16 // type number

	rank    uint32 // rank of its first task
	gathers bool   // see Plan.gathers
}

// rankOf returns the rank of a task of the run.
func (r *Run) rankOf(i int) int { return int(r.rank) + i - int(r.First) }

// A Span is the tasks From..To, To not included.
type Span struct{ From, To uint32 }

// Len is the number of tasks in the span.
func (s Span) Len() int { return int(s.To - s.From) }

// Limits of a plan. They are far beyond what people do, and keep what a damaged
// or hostile plan can make the manager allocate within reason.
const (
	MaxTasks = 1 << 24
	MaxTypes = 1000
	MaxSteps = 1 << 30 // of one task
)

// Steps returns the number of steps of all tasks.
func (p *Plan) Steps() int { return p.steps }

func (p *Plan) runAt(index int) int {
	if len(p.Runs) == 1 {
		return 0
	}
	return sort.Search(len(p.Runs), func(r int) bool { return int(p.Runs[r].First) > index }) - 1
}

// Run returns the run that the task with the index is in.
func (p *Plan) Run(index int) *Run { return &p.Runs[p.runAt(index)] }

// End returns the index after the last task of the run with the number.
func (p *Plan) End(run int) int {
	if run+1 < len(p.Runs) {
		return int(p.Runs[run+1].First)
	}
	return p.Tasks
}

// atRank returns the task with the rank, and its run.
func (p *Plan) atRank(rank int) (int, *Run) {
	i := sort.Search(len(p.byRank), func(i int) bool { return int(p.Runs[p.byRank[i]].rank) > rank }) - 1
	r := &p.Runs[p.byRank[i]]
	return int(r.First) + rank - int(r.rank), r
}

// Link computes what is derived from the exported fields: ranks, the number of
// steps, the way back from needed tasks to those that need them.
func (p *Plan) Link() {
	p.needs.link(p.Lists, p.Runs)
	p.byRank = make([]uint32, len(p.Runs))
	for i := range p.byRank {
		p.byRank[i] = uint32(i)
	}
	slices.SortStableFunc(p.byRank, func(a, b uint32) int {
		x, y := &p.Runs[a], &p.Runs[b]
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(y.Priority, x.Priority))
	})
	p.typeStart = make([]uint32, len(p.Types)+1)
	rank := 0
	for _, n := range p.byRank {
		r := &p.Runs[n]
		length := p.End(int(n)) - int(r.First)
		r.rank, r.gathers = uint32(rank), p.gathers(int(n))
		rank += length
		p.steps += length * int(r.Steps)
		p.typeStart[r.Type+1] = uint32(rank)
	}
}
