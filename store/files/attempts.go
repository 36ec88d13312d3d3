package files

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
)

// maxAttemptsFile bounds the file of a task's attempts in bytes, each with two texts of people.
const maxAttemptsFile = farm.MaxAttempts * 8 << 10

// logHead is how much of a log is looked at for its beginning, in bytes.
const logHead = 4 << 10

func attemptsOf(job farm.JobID, task farm.TaskID) string {
	return filepath.FromSlash(Dir(job) + "/task-" + string(task) + ".attempts")
}

// Attempts returns what AddAttempt was told of a task, the oldest first.
func (f *Files) Attempts(job farm.JobID, task farm.TaskID) (list []farm.Attempt, err error) {
	file, err := f.root.Open(attemptsOf(job, task))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the attempts of task %s: %w", task, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxAttemptsFile))
	if err != nil {
		return nil, fmt.Errorf("read the attempts of task %s: %w", task, err)
	}
	for line := range bytes.Lines(text) {
		var a farm.Attempt
		if json.Unmarshal(line, &a) == nil { // one that a crash cut off is lost
			list = append(list, a)
		}
	}
	return list, nil
}

// AddAttempt keeps an attempt of a task beside its log; of more than farm.MaxAttempts
// those at the end. It does nothing if the job has no folder any more. A crash leaves the
// attempts before, or these.
func (f *Files) AddAttempt(job farm.JobID, task farm.TaskID, a farm.Attempt) error {
	f.attempts.Lock()
	defer f.attempts.Unlock()
	if err := f.logs.spare.check(); err != nil {
		return err
	}
	list, err := f.Attempts(job, task)
	if err != nil {
		return err
	}
	if list = append(list, a); len(list) > farm.MaxAttempts {
		list = slices.Delete(list, 0, len(list)-farm.MaxAttempts)
	}
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for i := range list {
		if err := lines.Encode(&list[i]); err != nil {
			return err
		}
	}
	name := attemptsOf(job, task)
	err = f.writeFile(name+".tmp", func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the job was deleted meanwhile
	}
	if err == nil {
		err = f.root.Rename(name+".tmp", name)
	}
	if err != nil {
		f.root.Remove(name + ".tmp") // may not exist; the first error is the one to tell
		return fmt.Errorf("keep an attempt of task %s: %w", task, err)
	}
	return nil
}

// LogOf returns the path of the log of a task's run, so many before the last, relative and
// with forward slashes; "" if there is none: those of two runs are kept.
func (f *Files) LogOf(job farm.JobID, task farm.TaskID, before int) string {
	name := LogPath(job, task)
	switch before {
	case 0:
	case 1:
		name += ".1"
	default:
		return ""
	}
	if _, err := f.root.Stat(filepath.FromSlash(name)); err != nil {
		return ""
	}
	return name
}

// TimeOf returns the time at the beginning of the first line of a task's log, of those near
// its beginning, that says something; zero if there is none.
func (f *Files) TimeOf(job farm.JobID, task farm.TaskID, says string) time.Time {
	file, err := f.root.Open(filepath.FromSlash(LogPath(job, task)))
	if err != nil {
		return time.Time{} // no log yet, or none that can be read: then nothing is known
	}
	defer file.Close()
	for lines := bufio.NewScanner(io.LimitReader(file, logHead)); lines.Scan(); {
		if at := timeOf(lines.Text(), says); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// LastTimeOf is TimeOf for the last such line near the end of the log.
func (f *Files) LastTimeOf(job farm.JobID, task farm.TaskID, says string) (at time.Time) {
	tail, _, err := f.Tail(job, task)
	if err != nil {
		return at
	}
	for line := range strings.Lines(tail) {
		if found := timeOf(line, says); !found.IsZero() {
			at = found
		}
	}
	return at
}

// timeOf returns the time of a line of the manager's own that says something.
func timeOf(line, says string) time.Time {
	stamp, rest, _ := strings.Cut(line, " ")
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil || !strings.HasPrefix(rest, says) {
		return time.Time{}
	}
	return at.UTC()
}
