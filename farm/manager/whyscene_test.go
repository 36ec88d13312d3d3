package manager_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// A scene is a farm for the table of situations.
type scene struct {
	*testFarm
	tags map[string]farm.TagID
}

// tagged gives workers a tag, which is made if there is none of the name.
func (s *scene) tagged(name string, workers ...farm.WorkerID) farm.TagID {
	if s.tags[name] == "" {
		tag, err := s.CreateTag(farm.Tag{Name: name})
		s.must(err)
		s.tags[name] = tag.ID
	}
	for _, w := range workers {
		s.must(s.SetWorkerTags(w, []farm.TagID{s.tags[name]}))
	}
	return s.tags[name]
}

// is has a worker report a status.
func (s *scene) is(status farm.WorkerStatus, workers ...farm.WorkerID) {
	for _, w := range workers {
		s.must(s.StateChanged(w, status))
	}
}

// sleepsUntil lets workers sleep by a schedule, up to an hour of today.
func (s *scene) sleepsUntil(to string, workers ...farm.WorkerID) {
	for _, w := range workers {
		s.signOn(w, s.name(w), "UTC")
		s.sleeps(w, hours("00:00", to))
		s.is(farm.WorkerAsleep, w)
	}
}

func (s *scene) name(id farm.WorkerID) string { name, _ := s.WorkerName(id); return name }

// blocked puts a worker on a job's blocklist.
func (s *scene) blocked(job farm.JobID, taskType string, workers ...farm.WorkerID) {
	s.must(s.store.Update(func(tx *store.Tx) error {
		j, err := tx.Job(job)
		for _, id := range workers {
			w, _ := tx.Worker(id)
			tx.Block(j, w, taskType)
		}
		return err
	}))
}

// softFails has a worker fail what it gets, with another try to come.
func (s *scene) softFails(w farm.WorkerID) {
	task := s.take(w)
	s.behind = true
	s.must(s.store.Update(func(tx *store.Tx) error {
		t, err := tx.Task(task)
		if err != nil {
			return err
		}
		state := t.State()
		state.Status, state.FailedBy = farm.TaskSoftFailed, []farm.WorkerID{w}
		tx.SetTask(t, state)
		return nil
	}))
}

// videoOnly makes a job of which the video is left, and a worker b that could do it.
func (s *scene) videoOnly() farm.JobID {
	job := s.submit(framesAndVideo(1))
	w := s.worker("a", "blender")
	s.work(w)
	s.must(s.SignOff(w))
	s.worker("b")
	return job
}

// task returns a task of a job by its number, from 1.
func (s *scene) task(job farm.JobID, number int) farm.TaskID {
	tasks, _, err := s.Tasks(job, number-2, 1)
	s.must(err)
	return tasks[0].ID
}

func tag(id farm.TagID) func(*farm.Submission) { return func(sub *farm.Submission) { sub.Tag = id } }

// what is asked for in a situation: one of job, task (perhaps by a worker), worker.
type subject struct {
	job    farm.JobID
	task   farm.TaskID
	worker farm.WorkerID
}

func (s *scene) why(of subject) farm.Why {
	s.t.Helper()
	var why farm.Why
	var err error
	switch {
	case of.job != "":
		why, err = s.WhyJob(of.job)
	case of.task != "":
		why, err = s.WhyTask(of.task, of.worker)
	default:
		why, err = s.WhyWorker(of.worker)
	}
	s.must(err)
	return why
}

// matches compares with a text in which * stands for anything.
func matches(text, pattern string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(text)
}

type situation struct {
	name   string
	make   func(s *scene) subject
	reason string
	next   string
	detail string // one of the details, "" to look at none
	state  string // "running", "clear" or ""
}

func check(t *testing.T, situations []situation) {
	for _, c := range situations {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scene{testFarm: newFarm(t), tags: map[string]farm.TagID{}}
				time.Sleep(12 * time.Hour) // noon, so that "today" is so in most of the world
				why := s.why(c.make(s))
				if !matches(why.Reason, c.reason) {
					t.Errorf("the reason is %q, want %q", why.Reason, c.reason)
				}
				if !matches(why.Next(), c.next) {
					t.Errorf("what to do is %q, want %q", why.Next(), c.next)
				}
				found := c.detail == ""
				for _, d := range why.Details {
					found = found || matches(d, c.detail)
				}
				if !found {
					t.Errorf("the details are %q, want among them %q", why.Details, c.detail)
				}
				if state := map[[2]bool]string{{true, false}: "running", {false, true}: "clear"}[[2]bool{why.Running, why.Clear}]; state != c.state {
					t.Errorf("it is %q, want %q", state, c.state)
				}
			})
		})
	}
}
