package farm

import (
	"fmt"
	"strings"
	"time"
)

// Why says whether a job, task or worker is being worked on or working, and if
// not, why not. It is derived from what the scheduler itself looks at, see Obstacle.
type Why struct {
	Running bool     // something is being done
	Reason  string   // one sentence without a full stop, never ""
	Advice  string   // what somebody can do about it whom the farm cannot replace; "" for nothing
	Actions []Action // what the farm can do about it if somebody asks, the most useful first
	Details []string // more to know, a sentence each

	// Warnings are of what is being done, such as a task that takes long, and of frames that
	// are done and somebody should look at; a sentence each.
	Warnings []string

	Cause *Cause // why a task failed, which is a part of the reason; nil if none did, or that is not known

	// Clear says that nothing is in the way: a task is handed out with the next
	// request of a worker.
	Clear bool
}

// Candidate is a worker that is considered for tasks.
type Candidate struct {
	ID       WorkerID
	Name     string
	Status   WorkerStatus
	Request  StatusRequest
	Until    time.Time // when its schedule wakes it; zero if it does not
	LastSeen time.Time
	Obstacle // what keeps the tasks from it

	// UnableBecause is why it cannot do tasks that it is meant to do; "" if it can,
	// or is not meant to.
	UnableBecause string

	Facts *WorkerFacts // about its computer; nil if it tells nothing
}

// Demand is the tasks of one type of a job that wait for nothing but a worker.
type Demand struct {
	Job     JobID
	First   TaskID // the first of the tasks
	Type    string
	Tag     TagRef // the tag that the worker must carry; the zero value for any worker
	Tasks   int
	Higher  int         // jobs of higher priority that come first
	Others  int         // jobs that come first for another reason
	Later   bool        // other tasks of the job come first
	Workers []Candidate // all there are
	Need    BlenderNeed // which Blender the tasks want
}

// TagRef is a tag and what people call it.
type TagRef struct {
	ID   TagID
	Name string
}

// shownNames is how many workers are called by name.
const shownNames = 3

// A group is workers with something in common.
type group []Candidate

// which returns the workers with the obstacle.
func (g group) which(o ...Obstacle) (found group) {
	for _, s := range g {
		for _, one := range o {
			if s.Obstacle == one {
				found = append(found, s)
			}
		}
	}
	return found
}

// number is the group as the beginning of a sentence: "worker a", "3 workers".
func (g group) number() string {
	if len(g) == 1 {
		return "worker " + g[0].Name
	}
	return fmt.Sprintf("%d workers", len(g))
}

// names lists the workers by name, the first few of them.
func (g group) names() string {
	var names []string
	for _, s := range g[:min(len(g), shownNames)] {
		names = append(names, s.Name)
	}
	if more := len(g) - len(names); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// all says the same of all workers, with how many they are and what they are called.
func (g group) all(one, many, what string) string {
	text := fmt.Sprintf("%s %s %s", g.number(), form(len(g), one, many), what)
	if len(g) > 1 {
		text += ": " + g.names()
	}
	return text
}

// form returns the singular or the plural of a word.
func form(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// plural is a number of things: "1 task", "2 tasks".
func plural(n int, thing string) string { return fmt.Sprintf("%d %s", n, form(n, thing, thing+"s")) }

// clock is a time to come, or one that was, for people: "19:00" today, "Mon 08:00" within
// a week, and with the date otherwise. Both times are of the reader's zone.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	switch days := t.Sub(now).Hours() / 24; {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return t.Format("15:04")
	case days > -6 && days < 6:
		return t.Format("Mon 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

// states groups workers by what they are for now, in the order in which they are
// told, and says so: "2 asleep, the first until 19:00".
func (g group) states(now time.Time) []string {
	var texts []string
	for _, state := range []struct {
		text string
		has  func(s *Candidate) bool
	}{
		{"busy", func(s *Candidate) bool { return s.Obstacle == WorkerBusy || s.Obstacle == OthersFirst }},
		{"in use by its owner", func(s *Candidate) bool { return s.Obstacle == WorkerInUse }},
		{"about to leave", func(s *Candidate) bool { return s.Obstacle == StatusRequested && s.leaving() }},
		{"about to sleep", func(s *Candidate) bool {
			return s.Obstacle == StatusRequested && s.Request.Status == WorkerAsleep && s.Status != WorkerAsleep
		}},
		{"asleep", func(s *Candidate) bool { return s.Status == WorkerAsleep }},
		{"starting", func(s *Candidate) bool { return s.Status == WorkerStarting || s.Status == WorkerAwake }},
		{"testing", func(s *Candidate) bool { return s.Status == WorkerTesting }},
		{"lost", func(s *Candidate) bool { return s.Status == WorkerError }},
		{"offline", func(*Candidate) bool { return true }},
	} {
		var in, rest group
		for _, s := range g {
			if state.has(&s) {
				in = append(in, s)
			} else {
				rest = append(rest, s)
			}
		}
		if g = rest; len(in) > 0 {
			text := fmt.Sprintf("%d %s", len(in), state.text)
			if state.text == "asleep" {
				text += in.until(now)
			}
			texts = append(texts, text)
		}
	}
	return texts
}

func (s *Candidate) leaving() bool {
	return s.Request.Status == WorkerOffline || s.Request.Status == WorkerRestart
}

// until says when schedules wake sleepers: " until 19:00", ", the first until
// 19:00", or nothing.
func (g group) until(now time.Time) string {
	var first time.Time
	all := true
	for _, s := range g {
		if all = all && !s.Until.IsZero() && s.Until.Equal(g[0].Until); !s.Until.IsZero() && (first.IsZero() || s.Until.Before(first)) {
			first = s.Until
		}
	}
	switch {
	case first.IsZero():
		return ""
	case all:
		return " until " + clock(first, now)
	}
	return ", the first until " + clock(first, now)
}
