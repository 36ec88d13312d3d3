package manager

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
)

// Needs is what a worker has to find on its computer to do tasks.
type Needs struct {
	Storage   string // the shared storage, as the worker's platform calls it
	StorageID string // what the file StorageMark in it says; "" if there is none
	Blender   string // what jobs call Blender, as the worker's platform does
	FFmpeg    string // likewise FFmpeg
	Mirror    bool   // the storage's files can be fetched and sent
}

// StorageMark is the file by which workers know the shared storage from another
// folder of the same name: a computer that ran a farm of its own has one.
const StorageMark = ".farm-storage"

// Needs returns what a worker has to find.
func (m *Manager) Needs(id farm.WorkerID) (Needs, error) {
	w, err := m.Worker(id)
	if err != nil {
		return Needs{}, err
	}
	c := m.config.Load()
	expander := c.expanderFor(recipientOf(&w))
	return Needs{
		Storage:   expander.Text(filepath.ToSlash(c.shared)),
		StorageID: m.markStorage(c.shared),
		Blender:   expander.Text("{blender}"),
		FFmpeg:    strings.ReplaceAll(expander.Text("{ffmpeg}"), "{ffmpeg}", "ffmpeg"), // a variable that most farms do not define
		Mirror:    c.Mirrors,
	}, nil
}

// markStorage returns what the mark of the shared storage says, and makes it if there
// is none; "" if it cannot be read, because the storage is not there.
func (m *Manager) markStorage(dir string) string {
	name := filepath.Join(dir, StorageMark)
	for range 2 { // another manager may make it at the same time
		text, err := os.ReadFile(name)
		if id, ok := farm.ParseUUID(strings.TrimSpace(string(text))); err == nil && ok {
			return id.String()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return ""
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return ""
		}
		id := farm.NewUUID().String()
		_, err = f.WriteString(id + "\n")
		if err = errors.Join(err, f.Close()); err == nil {
			return id
		}
		os.Remove(name)
	}
	return ""
}

// SetFacts takes what a worker tells of its computer after it signed on.
func (m *Manager) SetFacts(id farm.WorkerID, told farm.WorkerFacts) error {
	facts := farm.CleanFacts(&told)
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err == nil && w.SetFacts(facts) {
			u.workerEvent(w, w.Status)
		}
		return err
	})
}

// SetUnable takes what a worker says that it cannot do now. It gets no more tasks of
// these types; the one that it holds is its own affair.
func (m *Manager) SetUnable(id farm.WorkerID, told []farm.Unable) error {
	told = farm.CleanUnable(told)
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil || !w.SetUnable(told) {
			return err
		}
		for _, one := range w.Unable {
			m.log.Warn("worker cannot do tasks", "worker", w.Name, "types", strings.Join(one.TaskTypes, ","), "reason", one.Reason)
		}
		if len(w.Unable) == 0 {
			m.log.Info("worker can do all its tasks again", "worker", w.Name)
		}
		u.workerEvent(w, w.Status)
		return nil
	})
}
