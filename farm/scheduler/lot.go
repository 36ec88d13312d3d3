package scheduler

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/tidwall/btree"
)

// What keeps a runnable task from a worker that serves its queue are few facts: who failed
// it, whether that was for want of memory, whether it reads what many others made, and who is
// blocked from its type in its job. Tasks for which all of them are the same are kept
// together, those of a job in lots and the lots of many jobs in groups: what one look at a
// task says of a worker then holds for all of them.

// A likeness is those facts that differ among the tasks of a job and a type.
type likeness struct {
	failedBy string // the workers, see pack
	memory   bool   // the last failure was for want of it
	gathers  bool   // see Plan.gathers
}

// A lot is the runnable tasks of a job and a type that are alike.
type lot struct {
	likeness
	job   *Job
	kind  int                // type number
	ranks *btree.Set[uint32] // its tasks; nil for the ordinary lot, see Job.ordinary

	group      *group // nil for none; what follows is meaningful only in one
	precedence        // by which it is there
	first      int    // rank of its best task
}

// A lotKey is a type number and a likeness.
type lotKey struct {
	kind int
	likeness
}

// pack makes a text of the numbers of workers that can be compared: in order, four bytes each.
func pack(numbers []uint32) string {
	if len(numbers) == 0 {
		return ""
	}
	var b []byte
	for _, n := range slices.Sorted(slices.Values(numbers)) {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return string(b)
}

func (j *Job) likeness(r *Run, i int) likeness {
	return likeness{pack(j.failedBy[uint32(i)]), j.outOfMemory[uint32(i)], r.gathers}
}

// ordinary holds the ranks of the runnable tasks without any of the facts. As long as
// there never were others, these are all.
func (j *Job) ordinary() *bitmap {
	if j.apart {
		return &j.ordinaryOnly
	}
	return &j.runnable
}

// file puts a runnable task into the lot of those that are like it, which it returns. The
// scheduler has to regroup that.
func (j *Job) file(r *Run, i int) *lot {
	rank, like := r.rankOf(i), j.likeness(r, i)
	if like == (likeness{}) {
		if j.apart {
			j.ordinaryOnly.add(rank)
		}
		return &j.entries[r.Type].lot
	}
	if !j.apart {
		j.apart, j.ordinaryOnly = true, j.runnable.clone()
	}
	j.ordinaryOnly.remove(rank)
	key := lotKey{int(r.Type), like}
	l := j.lots[key]
	if l == nil {
		if j.lots == nil {
			j.lots = map[lotKey]*lot{}
		}
		l = &lot{likeness: like, job: j, kind: key.kind, ranks: new(btree.Set[uint32])}
		j.lots[key] = l
	}
	l.ranks.Insert(uint32(rank))
	return l
}

// unfile takes a task out of its lot, which it returns. Nothing that makes them alike may
// have changed since it was filed.
func (j *Job) unfile(r *Run, i int) *lot {
	rank, like := r.rankOf(i), j.likeness(r, i)
	if like == (likeness{}) {
		if j.apart {
			j.ordinaryOnly.remove(rank)
		}
		return &j.entries[r.Type].lot
	}
	l := j.lots[lotKey{int(r.Type), like}]
	l.ranks.Delete(uint32(rank))
	return l
}

// relabel changes what the likeness of a task is made of.
func (s *Scheduler) relabel(t Task, change func()) {
	j, r := t.Job, t.run()
	if !j.runnable.has(r.rankOf(t.Index)) {
		change() // it is in no lot
		return
	}
	from := j.unfile(r, t.Index)
	change()
	to := j.file(r, t.Index)
	s.regroup(from)
	s.regroup(to)
}

// least returns the rank of the best task of the lot, or -1.
func (l *lot) least() int {
	if l.ranks != nil {
		rank, ok := l.ranks.Min()
		if !ok {
			return -1
		}
		return int(rank)
	}
	rank := l.job.ordinary().next(int(l.job.plan.typeStart[l.kind]))
	if rank >= int(l.job.plan.typeStart[l.kind+1]) {
		return -1
	}
	return rank
}

// lotsOf yields the lots of a type. They may be regrouped meanwhile.
func (j *Job) lotsOf(kind int) iter.Seq[*lot] {
	return func(yield func(*lot) bool) {
		if !yield(&j.entries[kind].lot) {
			return
		}
		for _, l := range j.lots {
			if l.kind == kind && !yield(l) {
				return
			}
		}
	}
}

// bestOf returns the best runnable task of a type that the worker may have.
func (s *Scheduler) bestOf(j *Job, kind int, w *Worker) (Task, bool) {
	best := -1
	for l := range j.lotsOf(kind) {
		if rank := l.least(); rank >= 0 && (best < 0 || rank < best) && s.mayHave(j.taskAt(rank), w) {
			best = rank
		}
	}
	if best < 0 {
		return Task{}, false
	}
	return j.taskAt(best), true
}

func (j *Job) taskAt(rank int) Task {
	i, _ := j.plan.atRank(rank)
	return Task{j, i}
}
