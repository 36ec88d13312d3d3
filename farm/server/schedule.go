package server

import (
	"net/http"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// fetchWorkerSleepSchedule tells a schedule in the form of the protocol, which
// has room for one window: the first.
func (s *Server) fetchWorkerSleepSchedule(w http.ResponseWriter, r *http.Request) error {
	schedule, err := s.schedule(r)
	if err != nil {
		return err
	}
	if !schedule.Defined() {
		return noContent(w)
	}
	answer := api.WorkerSleepSchedule{IsActive: schedule.Active}
	if len(schedule.Windows) > 0 {
		first := schedule.Windows[0]
		answer.DaysOfWeek, answer.StartTime, answer.EndTime = first.Days.String(), first.From.String(), first.To.String()
	}
	return writeJSON(w, http.StatusOK, answer)
}

// setWorkerSleepSchedule replaces all windows by the one that the protocol has room for.
func (s *Server) setWorkerSleepSchedule(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	var given api.WorkerSleepSchedule
	if err := s.read(w, r, &given); err != nil {
		return err
	}
	window, err := sleepWindow(given.DaysOfWeek, given.StartTime, given.EndTime)
	if err != nil {
		return err
	}
	if err := s.m.SetSchedule(id, farm.Schedule{Active: given.IsActive, Windows: []farm.Window{window}}, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// fetchWorkerSchedule tells all windows, and what the schedule wants now and next.
func (s *Server) fetchWorkerSchedule(w http.ResponseWriter, r *http.Request) error {
	schedule, err := s.schedule(r)
	if err != nil {
		return err
	}
	if !schedule.Defined() {
		return noContent(w)
	}
	answer := api.WorkerSchedule{Active: schedule.Active, TimeZone: schedule.Zone, Wants: schedule.Wants.String(), NextChange: schedule.Next.UTC()}
	for _, window := range schedule.Windows {
		answer.Windows = append(answer.Windows, api.SleepWindow{Days: window.Days.String(), From: window.From.String(), To: window.To.String()})
	}
	return writeJSON(w, http.StatusOK, answer)
}

// setWorkerSchedule replaces the schedule. A window that is not valid refuses all of it.
func (s *Server) setWorkerSchedule(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	var given api.WorkerSchedule
	if err := s.read(w, r, &given); err != nil {
		return err
	}
	schedule := farm.Schedule{Active: given.Active}
	for _, one := range given.Windows {
		window, err := sleepWindow(one.Days, one.From, one.To)
		if err != nil {
			return err
		}
		schedule.Windows = append(schedule.Windows, window)
	}
	if err := s.m.SetSchedule(id, schedule, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// removeWorkerSchedule leaves the worker awake until somebody says otherwise.
func (s *Server) removeWorkerSchedule(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	if err := s.m.SetSchedule(id, farm.Schedule{}, by(r)); err != nil {
		return err
	}
	return noContent(w)
}

// schedule returns the schedule of the worker named in the path.
func (s *Server) schedule(r *http.Request) (manager.WorkerSchedule, error) {
	id, err := workerID(r)
	if err != nil {
		return manager.WorkerSchedule{}, err
	}
	return s.m.Schedule(id)
}

// sleepWindow reads a window; Invalid if it is none.
func sleepWindow(days, from, to string) (w farm.Window, err error) {
	if w.Days, err = farm.ParseDays(days); err != nil {
		return w, err
	}
	if w.From, err = farm.ParseTimeOfDay(from); err != nil {
		return w, err
	}
	w.To, err = farm.ParseTimeOfDay(to)
	return w, err
}
