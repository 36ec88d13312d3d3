package manager

import (
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// Demand is what waits for workers, and how many there should be.
type Demand struct {
	Classes     []DemandOf
	There       farm.Presence
	Recommended int
}

// DemandOf is one kind of work.
type DemandOf struct {
	farm.ClassDemand
	TagName     string
	Recommended int // if there were no other work
}

// maxDemandJobs is how many jobs are looked at for what their tasks will take. The jobs
// of a class behind them are taken to be like these.
const maxDemandJobs = 200

// Demand says what waits for workers, and how many workers a scaling wants. It is
// counted as things happen: the cost grows with the workers and the kinds of work, and
// with jobs and tasks not at all.
func (m *Manager) Demand(s farm.Scaling) (d Demand, err error) {
	if err := s.Check(); err != nil {
		return d, err
	}
	err = m.ask(func(q *inquiry) error {
		classes := q.Classes()
		at := make(map[store.Work]int, len(classes))
		most := max(3, maxDemandJobs/max(len(classes), 1))
		for i, c := range classes {
			at[c.Work] = i
			of := DemandOf{ClassDemand: q.expect(c, most)}
			if c.Tag != "" {
				of.TagName = q.tag(c.Tag).Name
			}
			d.Classes = append(d.Classes, of)
		}
		for w := range q.Workers() {
			p := q.presence(w, time.Duration(s.Idle))
			if p == (farm.Presence{}) {
				continue
			}
			addPresence(&d.There, p)
			for work := range q.Serves(w) {
				if i, ok := at[work]; ok {
					addPresence(&d.Classes[i].Presence, p)
				}
			}
		}
		return nil
	})
	all := make([]farm.ClassDemand, len(d.Classes))
	for i := range d.Classes {
		c := &d.Classes[i]
		all[i] = c.ClassDemand
		c.Recommended = s.Recommend(c.Presence, c.ClassDemand)
	}
	d.Recommended = s.Recommend(d.There, all...)
	return d, err
}

func addPresence(sum *farm.Presence, p farm.Presence) {
	sum.Idle, sum.Busy, sum.Asleep, sum.Kept = sum.Idle+p.Idle, sum.Busy+p.Busy, sum.Asleep+p.Asleep, sum.Kept+p.Kept
}

// presence is how one worker counts. One whose computer is in use, or that nobody
// approved yet, gets no tasks, and counts as none.
func (q *inquiry) presence(w *store.Worker, idle time.Duration) (p farm.Presence) {
	switch {
	case !w.Deleted.IsZero() || w.Unapproved:
	case q.Holds(w):
		p.Busy = 1
	case w.InUse != "":
	case w.Status == farm.WorkerAsleep:
		p.Asleep = 1
	case w.Status == farm.WorkerAwake || w.Status == farm.WorkerStarting:
		p.Idle = 1
		if t, err := q.Task(w.LastTask); err == nil && q.now.Sub(t.State().Touched) < idle {
			p.Kept = 1
		}
	}
	return p
}

// expect says what the tasks of a class will take, by the first jobs of it.
func (q *inquiry) expect(c store.Class, most int) farm.ClassDemand {
	d := farm.ClassDemand{Tag: c.Tag, Type: c.Type, Need: c.Need, Tasks: c.Tasks}
	tasks, guessed := 0, 0
	for of := range c.Jobs() {
		e := q.expectOf(of)
		tasks += of.Tasks
		if !e.known {
			guessed += of.Tasks
		}
		d.Seconds += e.seconds
		d.Longest = max(d.Longest, e.longest)
		d.Memory = max(d.Memory, e.memory)
		if most--; most == 0 {
			break
		}
	}
	if tasks > 0 { // the others are like them
		part := float64(c.Tasks) / float64(tasks)
		d.Seconds, d.Guessed = d.Seconds*part, int(float64(guessed)*part)
	}
	return d
}

// An expected is what runnable tasks of a job will take.
type expected struct {
	seconds, longest float64
	memory           int64
	known            bool // measured, and not a guess
}

func (q *inquiry) expectOf(d store.Demand) (e expected) {
	steps := max(d.First.Steps(), 1)
	costs := q.Costs(d.First.Job)
	if costs != nil {
		e.memory = costs.Memory << 10
	}
	if d.Type == farm.TypeBlender {
		if seconds, ok := costs.Work(d.Tasks * steps); ok {
			e.seconds, e.known = seconds, true
			e.longest, _ = costs.Longest()
			e.longest *= float64(steps)
			return e
		}
	}
	each := farm.GuessedTask(d.Type, steps)
	if usual, ok := q.m.slow.usual(d.First.Job.ID, d.Type); ok {
		each, e.known = usual.Seconds()*float64(steps), true
	}
	e.seconds, e.longest = each*float64(d.Tasks), each
	return e
}

// Scaling is what is wanted of workers unless who asks says otherwise.
func (m *Manager) Scaling() farm.Scaling { return farm.Scaling{Idle: farm.DefaultIdle} }
