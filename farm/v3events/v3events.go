// Package v3events says the farm's events in the words of the v3 protocol: the
// payloads that browsers, the message broker and programs of the compatible
// system read, each under its name and in its rooms. It is pure: what it has to
// look up it is given.
package v3events

import (
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
)

// Rooms of the protocol. Each is also the end of a topic of the message broker. The
// tasks of a job are told in its own room, see OfJob.
const (
	LifeCycle    = "/lifecycle"
	Status       = "/status"
	Jobs         = "/jobs"
	LastRendered = "/last-rendered"
	Workers      = "/workers"
	WorkerTags   = "/workertags"
)

// Names of events that are not also those of rooms.
const (
	TaskUpdate    = "/task"
	TaskLogUpdate = "/tasklog"
)

// OfJob returns the room of a job, in which its tasks are told.
func OfJob(id farm.JobID) string { return Jobs + "/" + string(id) }

// OfTaskLog returns the room in which the log of a task is told.
func OfTaskLog(id farm.TaskID) string { return TaskLogUpdate + "/" + string(id) }

// A Message is one event of the protocol.
type Message struct {
	Event   string   // its name, such as "/task"
	Rooms   []string // who is told: those in one of them; at least one
	Payload any      // one of the Event types of package api
}

// A Source knows what events do not carry.
type Source struct {
	TaskName    func(farm.TaskID) string                      // "" if there is no such task any more
	PreviewPath func(farm.JobID) (dir string, names []string) // where a job's previews are, see manager.PreviewPath
}

// Translate says an event as the compatible system does, without what only Farm
// has to say; ok is false for an event that the protocol does not know.
func (s Source) Translate(data any) (m Message, ok bool) {
	switch e := data.(type) {
	case events.JobChanged:
		job := Job(e)
		job.TimeLeft, job.Activity, job.WorkerTag, job.TaskCounts = nil, "", "", nil
		job.Created = time.Time{}
		return Message{Jobs, []string{Jobs}, job}, true
	case events.JobDeleted:
		return Message{Jobs, []string{Jobs}, DeletedJob(e)}, true
	case events.TaskChanged:
		return Message{TaskUpdate, []string{OfJob(e.Job)}, s.Task(e)}, true
	case events.TaskLogged:
		return Message{TaskLogUpdate, []string{OfTaskLog(e.Task)}, TaskLog(e)}, true
	case events.WorkerChanged:
		worker := Worker(e)
		worker.InUse, worker.Unable, worker.Unapproved = "", nil, false
		return Message{Workers, []string{Workers}, worker}, true
	case events.TagChanged:
		return Message{WorkerTags, []string{WorkerTags}, tag(e)}, true
	case events.PreviewMade:
		return Message{LastRendered, []string{OfJob(e.Job) + LastRendered, LastRendered}, s.Preview(e)}, true
	case events.FarmChanged:
		return Message{Status, []string{Status}, Farm(e)}, true
	}
	return Message{}, false
}

// tag has the description of a tag that is there, and of one that is gone the id alone.
func tag(e events.TagChanged) api.EventWorkerTagUpdate {
	if e.Deleted {
		return api.EventWorkerTagUpdate{Tag: api.WorkerTag{ID: e.Tag.ID}, WasDeleted: true}
	}
	return api.EventWorkerTagUpdate{Tag: api.WorkerTag{ID: e.Tag.ID, Name: e.Tag.Name, Description: &e.Tag.Description}}
}
