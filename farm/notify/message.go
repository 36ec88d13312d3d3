package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// A Message is what is told of one notice, and the body of a webhook.
type Message struct {
	ID       string    `json:"id"`    // the same in every attempt
	Event    string    `json:"event"` // see farm.NoticeKinds; "test"
	Time     time.Time `json:"time"`  // when it happened
	Farm     string    `json:"farm"`  // the manager's name
	Title    string    `json:"title"` // one line
	Text     string    `json:"text"`  // all that there is to say, for people
	Link     string    `json:"link,omitempty"`
	Job      *Job      `json:"job,omitempty"`
	Failures []Failure `json:"failures,omitempty"` // at most farm.MaxFailures
	Worker   string    `json:"worker,omitempty"`   // name of the lost one
	Day      *Day      `json:"digest,omitempty"`
}

// A Job is a job in numbers.
type Job struct {
	ID            farm.JobID `json:"id"`
	Name          string     `json:"name"`
	Type          string     `json:"type"`
	Status        string     `json:"status"`
	Frames        int        `json:"frames"`         // steps of tasks, where frames are not known
	Done          int        `json:"frames_done"`    // of them
	FailedTasks   int        `json:"failed_tasks"`   // and those that failed and are tried again
	Seconds       float64    `json:"seconds"`        // since it was submitted
	RenderSeconds float64    `json:"render_seconds"` // of all frames together; 0: not known
}

// A Failure is a task that failed.
type Failure struct {
	Task   farm.TaskID `json:"task"`
	Name   string      `json:"name"`
	Frames string      `json:"frames,omitempty"` // as 1-4,7
	Worker string      `json:"worker,omitempty"`
	Tries  int         `json:"tries"`
	Final  bool        `json:"final"`           // false: it is tried again
	Class  string      `json:"class,omitempty"` // see docs/failures.md; "" if its log does not say
	Means  string      `json:"means,omitempty"`
	Next   string      `json:"next,omitempty"`
	Line   string      `json:"line,omitempty"` // of the log, that decided
}

// A Day is what was done since the last digest.
type Day struct {
	Since     time.Time `json:"since"`
	Completed int       `json:"jobs_completed"`
	Failed    int       `json:"jobs_failed"`
	Running   int       `json:"jobs_running"`
	Queued    int       `json:"jobs_queued"`
}

// Bounds of texts, in bytes.
const (
	maxTitle = 200
	maxText  = 4000
)

// compose says what a notice is about. report is of its job, nil if it is about none.
func compose(farmName, web string, n *farm.Notice, report *farm.JobReport) Message {
	m := Message{ID: n.ID(), Event: n.Event, Time: n.Time.UTC(), Farm: farmName, Worker: n.Worker}
	web = strings.TrimSuffix(web, "/") + "/app/"
	var lines []string
	switch {
	case report != nil:
		m.Link = web + "jobs/" + string(report.ID)
		m.Job, m.Failures = numbers(n, report), failures(report)
		m.Title, lines = m.ofJob(n)
	case n.Event == farm.NoticeWorkerLost:
		m.Link = web + "workers"
		m.Title, lines = fmt.Sprintf("Worker %s was lost", n.Worker), []string{"It was " + n.Text + ". What it held went back to the queue."}
	case n.Event == farm.NoticeTest:
		m.Link, m.Title, lines = web, "This is a test", []string{"Somebody wants to know whether messages of the farm arrive here. They do."}
	default:
		first, rest, _ := strings.Cut(n.Text, "\n")
		m.Link, m.Title, lines = web, first, []string{rest}
	}
	m.Title = farm.CutText(oneLine(m.Title), maxTitle)
	m.Text = farm.CutText(strings.Trim(strings.Join(lines, "\n"), "\n"), maxText)
	return m
}

// numbers counts what there is of a job.
func numbers(n *farm.Notice, r *farm.JobReport) *Job {
	return &Job{ID: r.ID, Name: r.Name, Type: r.Type, Status: r.Status().String(), Frames: r.Frames, Done: r.Done, FailedTasks: r.Failed,
		Seconds: n.Time.Sub(r.Created).Round(time.Second).Seconds(), RenderSeconds: r.Render.Round(time.Second).Seconds()}
}

func failures(r *farm.JobReport) (list []Failure) {
	for _, f := range r.Failures {
		said := Failure{Task: f.Task, Name: f.Name, Frames: f.Frames, Worker: f.Worker, Tries: f.Tries, Final: f.Status == farm.TaskFailed}
		if f.Cause != nil {
			said.Class, said.Means, said.Next, said.Line = f.Cause.Class, f.Cause.Means, f.Cause.Next, f.Cause.Line
		} else {
			said.Line = f.Said
		}
		list = append(list, said)
	}
	return list
}

// ofJob says what happened to a job.
func (m *Message) ofJob(n *farm.Notice) (title string, lines []string) {
	j := m.Job
	took := duration(j.Seconds)
	switch n.Event {
	case farm.NoticeCompleted:
		title = fmt.Sprintf("%s is done: %s in %s", j.Name, farm.Count(j.Frames, "frame"), took)
	case farm.NoticeFailed:
		title = fmt.Sprintf("%s failed: %s", j.Name, cmp.Or(n.Text, m.firstMeans(), farm.Count(j.FailedTasks, "task")+" failed"))
	case farm.NoticeCanceled:
		title = fmt.Sprintf("%s was canceled", j.Name)
	case farm.NoticeFirstFailure:
		title = fmt.Sprintf("%s: first failure: %s", j.Name, cmp.Or(m.firstMeans(), "a task failed"))
	case farm.NoticeStuck:
		title = fmt.Sprintf("%s is stuck: %s", j.Name, n.Text)
	default:
		title = j.Name
	}
	lines = append(lines, fmt.Sprintf("%d of %s, %s since it was submitted", j.Done, farm.Count(j.Frames, "frame"), took))
	if j.RenderSeconds > 0 {
		lines[0] += fmt.Sprintf(", %s of rendering", duration(j.RenderSeconds))
	}
	if j.FailedTasks > 0 {
		lines = append(lines, farm.Count(j.FailedTasks, "task")+" failed:")
	}
	for _, f := range m.Failures {
		lines = append(lines, f.lines()...)
	}
	if more := j.FailedTasks - len(m.Failures); more > 0 && len(m.Failures) > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return title, lines
}

func (m *Message) firstMeans() string {
	if len(m.Failures) == 0 {
		return ""
	}
	return cmp.Or(m.Failures[0].Means, m.Failures[0].Line)
}

// lines says a failure to people.
func (f *Failure) lines() []string {
	head := "- " + f.Name
	if f.Frames != "" {
		head += " (" + frameWord(f.Frames) + " " + farm.CutText(f.Frames, 60) + ")"
	}
	if f.Worker != "" {
		head += " on " + f.Worker
	}
	if f.Class != "" {
		head += ": " + f.Class + ". " + f.Means
	}
	lines := []string{head}
	if f.Line != "" {
		lines = append(lines, "  "+oneLine(f.Line))
	}
	if f.Next != "" {
		lines = append(lines, "  Next: "+f.Next)
	}
	return lines
}

func frameWord(frames string) string {
	if strings.ContainsAny(frames, "-,") {
		return "frames"
	}
	return "frame"
}

// digest says what was done since a time.
func digest(farmName, web string, at time.Time, r *manager.DayReport) Message {
	n := farm.Notice{Event: farm.NoticeDigest, Time: at}
	m := compose(farmName, web, &n, nil)
	m.Day = &Day{Since: r.Since.UTC(), Completed: r.Ended[0], Failed: r.Ended[1], Running: r.Running, Queued: r.Queued}
	m.Title = fmt.Sprintf("%s: %s completed, %d failed since %s", farmName, farm.Count(r.Ended[0], "job"), r.Ended[1], r.Since.Local().Format("Mon 15:04"))
	lines := []string{fmt.Sprintf("Now %s and %d wait. %d workers are awake, %d are lost.", farm.Count(r.Running, "job")+" run", r.Queued,
		r.Workers[farm.WorkerAwake], r.Workers[farm.WorkerError])}
	for _, j := range r.Failed {
		lines = append(lines, "- failed: "+j.Name+" ("+j.Activity+")")
	}
	for _, j := range r.Completed {
		lines = append(lines, "- completed: "+j.Name)
	}
	m.Text = farm.CutText(strings.Join(lines, "\n"), maxText)
	return m
}

// duration is a time in words that people say.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	switch h, min, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60; {
	case h > 0:
		return fmt.Sprintf("%dh %dm", h, min)
	case min > 0:
		return fmt.Sprintf("%dm %ds", min, s)
	default:
		return fmt.Sprintf("%ds", s)
	}
}

// oneLine joins the lines of a text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
