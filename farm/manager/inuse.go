package manager

import "renderfarm/farm"

// SetInUse takes what a worker says of its computer's owner: by whom it is in use,
// for people; "" if it is free for tasks. While it is in use the worker gets no
// task; the one it holds stands still and stays with it, whatever time passes,
// unless giveBack returns it.
func (m *Manager) SetInUse(id farm.WorkerID, by string, giveBack bool) error {
	by = farm.CleanInUse(by)
	return m.update(func(u *unit) error {
		w, err := u.worker(id)
		if err != nil {
			return err
		}
		if giveBack {
			u.returnAll(w, "worker "+w.Name+" ("+string(w.ID)+") is "+by)
			u.endShare(id, "it is "+by)
		}
		if w.InUse == by {
			return nil
		}
		w.InUse = by
		u.workerEvent(w, w.Status)
		return nil
	})
}
