package scheduler

import (
	"cmp"
	"iter"
	"slices"
)

// needs knows which tasks of a job need which. Tasks that need the same tasks
// share one list of them, and a list is spans: a video that needs 100,000
// frames is one span, and counting what is still missing is one counter per
// list. The way back, from a task to the lists it is in, is a search among the
// spans, so that neither a wide job nor a long chain costs memory per pair.
type needs struct {
	lists [][]Span // those of the plan

	users     []uint32 // numbers of the runs that use a list, list after list
	userStart []uint32 // where those of a list begin; one more than lists

	// All spans of all lists by from, with reach as the search tree over them:
	// reach is the greatest end in the half-open part that a search splits at i.
	spans []Span
	list  []uint32
	reach []uint32
}

// link builds the ways back: from a list to the runs that use it, and from a
// task to the lists that it is in.
func (n *needs) link(lists [][]Span, runs []Run) {
	n.lists = lists
	if len(n.lists) <= 1 {
		return
	}
	n.userStart = make([]uint32, len(n.lists)+1)
	for i := range runs {
		n.userStart[runs[i].Needs+1]++
	}
	for i := range n.lists {
		n.userStart[i+1] += n.userStart[i]
	}
	at := slices.Clone(n.userStart)
	n.users = make([]uint32, len(runs))
	for i := range runs {
		list := runs[i].Needs
		n.users[at[list]] = uint32(i)
		at[list]++
	}
	n.sortSpans()
	n.reach = make([]uint32, len(n.spans))
	n.climb(0, len(n.spans))
}

func (n *needs) sortSpans() {
	type entry struct {
		Span
		list uint32
	}
	var all []entry
	for list, spans := range n.lists {
		for _, s := range spans {
			all = append(all, entry{s, uint32(list)})
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.list, b.list)) })
	n.spans, n.list = make([]Span, len(all)), make([]uint32, len(all))
	for i, e := range all {
		n.spans[i], n.list[i] = e.Span, e.list
	}
}

// climb fills reach for the spans low..high and returns their greatest end.
func (n *needs) climb(low, high int) uint32 {
	if low >= high {
		return 0
	}
	mid := (low + high) / 2
	n.reach[mid] = max(n.spans[mid].To, n.climb(low, mid), n.climb(mid+1, high))
	return n.reach[mid]
}

// listsWith appends to found the lists that contain the task.
func (n *needs) listsWith(task uint32, found []uint32) []uint32 {
	return n.search(0, len(n.spans), task, found)
}

func (n *needs) search(low, high int, task uint32, found []uint32) []uint32 {
	for low < high {
		mid := (low + high) / 2
		if n.reach[mid] <= task {
			break // everything here ends before the task
		}
		found = n.search(low, mid, task, found)
		if n.spans[mid].From > task {
			break // everything to the right begins after it
		}
		if n.spans[mid].To > task {
			found = append(found, n.list[mid])
		}
		low = mid + 1
	}
	return found
}

// runsUsing returns the numbers of the runs that use the list.
func (n *needs) runsUsing(list uint32) []uint32 {
	return n.users[n.userStart[list]:n.userStart[list+1]]
}

// each yields the tasks of a list of spans.
func each(spans []Span) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, s := range spans {
			for i := s.From; i < s.To; i++ {
				if !yield(i) {
					return
				}
			}
		}
	}
}

// size is the number of tasks in a list of spans.
func size(spans []Span) int {
	n := 0
	for _, s := range spans {
		n += s.Len()
	}
	return n
}
