package store

import (
	"cmp"
	"iter"
	"slices"
)

// A span is the tasks from..to, to not included.
type span struct{ from, to uint32 }

func (s span) len() int { return int(s.to - s.from) }

// needs knows which tasks of a job need which. Tasks that need the same tasks
// share one list of them, and a list is spans: a video that needs 100,000
// frames is one span, and counting what is still missing is one counter per
// list. The way back, from a task to the lists it is in, is a search among the
// spans, so that neither a wide job nor a long chain costs memory per pair.
type needs struct {
	lists [][]span // distinct; list 0 is empty. Spans ascend and do not touch

	users     []uint32 // numbers of the runs that use a list, list after list
	userStart []uint32 // where those of a list begin; one more than lists

	// All spans of all lists by from, with reach as the search tree over them:
	// reach is the greatest end in the half-open part that a search splits at i.
	spans []span
	list  []uint32
	reach []uint32
}

// link builds what is derived from lists; listOf says which list each run uses.
func (n *needs) link(runs []run) {
	if len(n.lists) <= 1 {
		return
	}
	n.userStart = make([]uint32, len(n.lists)+1)
	for i := range runs {
		n.userStart[runs[i].needs+1]++
	}
	for i := range n.lists {
		n.userStart[i+1] += n.userStart[i]
	}
	at := slices.Clone(n.userStart)
	n.users = make([]uint32, len(runs))
	for i := range runs {
		list := runs[i].needs
		n.users[at[list]] = uint32(i)
		at[list]++
	}
	n.sortSpans()
	n.reach = make([]uint32, len(n.spans))
	n.climb(0, len(n.spans))
}

func (n *needs) sortSpans() {
	type entry struct {
		span
		list uint32
	}
	var all []entry
	for list, spans := range n.lists {
		for _, s := range spans {
			all = append(all, entry{s, uint32(list)})
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.list, b.list)) })
	n.spans, n.list = make([]span, len(all)), make([]uint32, len(all))
	for i, e := range all {
		n.spans[i], n.list[i] = e.span, e.list
	}
}

// climb fills reach for the spans low..high and returns their greatest end.
func (n *needs) climb(low, high int) uint32 {
	if low >= high {
		return 0
	}
	mid := (low + high) / 2
	n.reach[mid] = max(n.spans[mid].to, n.climb(low, mid), n.climb(mid+1, high))
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
		if n.spans[mid].from > task {
			break // everything to the right begins after it
		}
		if n.spans[mid].to > task {
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
func each(spans []span) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, s := range spans {
			for i := s.from; i < s.to; i++ {
				if !yield(i) {
					return
				}
			}
		}
	}
}

// size is the number of tasks in a list of spans.
func size(spans []span) int {
	n := 0
	for _, s := range spans {
		n += s.len()
	}
	return n
}

// spansOf turns indexes, in any order and possibly repeated, into spans.
func spansOf(indexes []int) []span {
	if len(indexes) == 0 {
		return nil
	}
	if !slices.IsSorted(indexes) {
		indexes = slices.Sorted(slices.Values(indexes))
	}
	var spans []span
	for _, i := range indexes {
		if last := len(spans) - 1; last >= 0 && uint32(i) <= spans[last].to {
			spans[last].to = max(spans[last].to, uint32(i)+1)
		} else {
			spans = append(spans, span{uint32(i), uint32(i) + 1})
		}
	}
	return spans
}
