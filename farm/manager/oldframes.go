package manager

import (
	"context"
	"slices"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// changedLimit bounds how long a list of frames waits to learn when the .blend was saved.
const changedLimit = time.Second

// fileTimes is how exact the times of files are: those of FAT are even.
const fileTimes = 2 * time.Second

// MarkOld sets Old of those frames that were made from an older .blend than the job's is
// now, as far as the manager can see that file. It returns when ctx ends.
func (m *Manager) MarkOld(ctx context.Context, id farm.JobID, frames []Frame) error {
	told := func(f Frame) bool { return f.Result != nil }
	if m.changed == nil || !slices.ContainsFunc(frames, told) {
		return nil
	}
	var detail farm.JobDetail
	err := m.store.View(func(v *store.View) (err error) {
		detail, err = v.JobDetail(id)
		return err
	})
	file, _ := detail.Settings["blendfile"].(string)
	if err != nil || file == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, changedLimit)
	defer cancel()
	saved, err := m.changed(ctx, m.config.Load().expander(m.goos).Text(file))
	if err != nil {
		return nil // it is not for the manager to see
	}
	for i := range frames {
		if f := &frames[i]; told(*f) && f.Result.IsOlder(saved.Add(-fileTimes)) {
			f.Old = true
		}
	}
	return nil
}
