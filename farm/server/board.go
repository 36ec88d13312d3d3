package server

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
)

// board keeps what jobs are looked for by, so that a list of 100,000 jobs is sorted and
// filtered without reading each of them again. It is made when somebody looks at a
// list for the first time, and follows the events from then on.
type board struct {
	m   *manager.Manager
	log *events.Log

	mu     sync.Mutex     // guards everything below; nothing is locked while it is held but the log and the store
	reader *events.Reader // what it has not taken in yet; nil: nothing was read
	jobs   []boardJob     // in the order of creation; gone ones have no id
	at     map[farm.JobID]int
	gone   int
}

// boardJob is what a job is looked for by.
type boardJob struct {
	id               farm.JobID
	name             string // in lower case
	kind             string // job type
	tag              farm.TagID
	submitter        string // see farm.Actor.Who
	status           farm.JobStatus
	priority         int
	created, updated time.Time
}

// search is what somebody looks for. Empty lists ask for any.
type search struct {
	statuses, kinds, tags []string
	submitters            []string
	text                  string // is in the name, or begins the id
	sort                  string // one of sorts; "-" in front of it reverses
	offset, limit         int
}

// found is the part of the jobs that a search asks for, and how many there are.
type found struct {
	ids        []farm.JobID
	who        []string // submitted each of them
	total, all int

	statuses, kinds, tags, submitters map[string]int // each regardless of what is asked for of its own kind
}

// sorts are the orders that a list can have. Where they see no difference, the
// order is that of creation.
var sorts = map[string]func(a, b *boardJob) int{
	"created":  func(a, b *boardJob) int { return a.created.Compare(b.created) },
	"updated":  func(a, b *boardJob) int { return a.updated.Compare(b.updated) },
	"name":     func(a, b *boardJob) int { return cmp.Compare(a.name, b.name) },
	"priority": func(a, b *boardJob) int { return cmp.Compare(a.priority, b.priority) },
	"status":   func(a, b *boardJob) int { return cmp.Compare(a.status, b.status) },
	"type":     func(a, b *boardJob) int { return cmp.Compare(a.kind, b.kind) },
}

// find returns what a search asks for.
func (b *board) find(s *search) (f found, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.catchUp(); err != nil {
		return f, err
	}
	f = found{all: len(b.jobs) - b.gone, statuses: map[string]int{}, kinds: map[string]int{}, tags: map[string]int{}, submitters: map[string]int{}}
	text := strings.ToLower(s.text)
	var hits []*boardJob
	for i := range b.jobs {
		j := &b.jobs[i]
		if j.id == "" || !strings.Contains(j.name, text) && !strings.HasPrefix(string(j.id), text) {
			continue
		}
		if f.count(s, j) {
			hits = append(hits, j)
		}
	}
	f.total = len(hits)
	order(hits, s.sort)
	for _, j := range hits[min(s.offset, len(hits)):min(s.offset+s.limit, len(hits))] {
		f.ids, f.who = append(f.ids, j.id), append(f.who, j.submitter)
	}
	return f, nil
}

// count counts a job with the text that is looked for, and reports whether it is what is
// asked for in all else, too.
func (f *found) count(s *search, j *boardJob) bool {
	its, state := cmp.Or(string(j.tag), api.NoTag), j.status.String()
	status, kind, tag, who := asked(s.statuses, state), asked(s.kinds, j.kind), asked(s.tags, its), asked(s.submitters, j.submitter)
	if kind && tag && who {
		f.statuses[state]++
	}
	if status && tag && who {
		f.kinds[j.kind]++
	}
	if status && kind && who {
		f.tags[its]++
	}
	if status && kind && tag && j.submitter != "" {
		f.submitters[j.submitter]++
	}
	return status && kind && tag && who
}

// asked reports whether a list of what is asked for has a value.
func asked(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

// order sorts jobs that are in the order of creation.
func order(jobs []*boardJob, by string) {
	name, down := strings.CutPrefix(by, "-")
	if name != "created" {
		compare := sorts[name]
		slices.SortStableFunc(jobs, func(a, b *boardJob) int {
			if down {
				return compare(b, a)
			}
			return compare(a, b)
		})
	} else if down {
		slices.Reverse(jobs)
	}
}

// catchUp takes in what happened since the last search, or everything if that is not
// known any more.
func (b *board) catchUp() error {
	now, stop := context.WithCancel(context.Background())
	stop() // what happened already is all that is waited for
	for b.reader != nil {
		news, err := b.reader.Next(now)
		if err == context.Canceled {
			return nil
		}
		if err != nil { // too much happened
			b.reader = nil
		}
		for _, e := range news {
			if err := b.take(e.Data); err != nil {
				b.reader = nil // it would be missed: everything is read again
				return err
			}
		}
	}
	reader := b.log.Follow()
	b.jobs, b.at, b.gone = nil, map[farm.JobID]int{}, 0
	for place := manager.Place(0); ; {
		jobs, next, err := b.m.Jobs(place, listPage)
		if err != nil {
			return err
		}
		who, err := b.m.Submitters(jobs)
		if err != nil {
			return err
		}
		for i := range jobs {
			b.put(&jobs[i], who[i])
		}
		if len(jobs) < listPage {
			break
		}
		place = next
	}
	b.reader = reader
	return b.catchUp()
}

func (b *board) take(event any) error {
	switch e := event.(type) {
	case events.JobChanged:
		if i, ok := b.at[e.Job.ID]; ok {
			b.put(&e.Job, b.jobs[i].submitter)
			return nil
		}
		who, err := b.m.Submitters([]farm.Job{e.Job})
		if err != nil {
			return err
		}
		b.put(&e.Job, who[0])
	case events.JobDeleted:
		if i, ok := b.at[e.Job]; ok {
			b.jobs[i] = boardJob{}
			delete(b.at, e.Job)
			b.gone++
		}
		if b.gone > len(b.jobs)/2 {
			b.pack()
		}
	}
	return nil
}

// put adds a job, or notes what became of it.
func (b *board) put(j *farm.Job, submitter string) {
	kept := boardJob{id: j.ID, name: strings.ToLower(j.Name), kind: j.Type, tag: j.Tag, submitter: submitter, status: j.Status(), priority: j.Priority, created: j.Created, updated: j.Updated}
	if i, ok := b.at[j.ID]; ok {
		b.jobs[i] = kept
		return
	}
	b.at[j.ID] = len(b.jobs)
	b.jobs = append(b.jobs, kept)
}

// pack closes the gaps of jobs that are gone.
func (b *board) pack() {
	b.jobs = slices.DeleteFunc(b.jobs, func(j boardJob) bool { return j.id == "" })
	b.gone = 0
	for i := range b.jobs {
		b.at[b.jobs[i].id] = i
	}
}
