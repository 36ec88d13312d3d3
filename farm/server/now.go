package server

import (
	"net/http"

	"renderfarm/farm/api"
)

// workerHistory is of how many jobs, those that changed last, a worker's part is looked for.
const workerHistory = 200

// fetchFarmNow says what goes on at present: how many frames are saved, what is stuck, and
// how full the disks are.
func (s *Server) fetchFarmNow(w http.ResponseWriter, r *http.Request) error {
	now, err := s.m.Now(r.Context())
	if err != nil {
		return err
	}
	out := api.FarmNow{Frames: now.Frames}
	for i := range now.Stuck {
		t := &now.Stuck[i]
		out.Stuck = append(out.Stuck, api.StuckTask{ID: t.ID, JobID: t.Job, JobName: t.JobName, Name: t.Name, Index: t.Index + 1,
			Worker: api.TaskWorker{ID: t.Worker, Name: t.WorkerName}, Seconds: t.Took.Seconds(), Usual: t.Usual.Seconds(), Silent: t.Silent.Seconds()})
	}
	for _, d := range now.Disks {
		out.Disks = append(out.Disks, api.DiskFree{Of: d.Of, Free: d.Bytes})
	}
	return writeJSON(w, http.StatusOK, out)
}

// fetchWorkerHistory says how fast a worker was in the jobs that changed last.
func (s *Server) fetchWorkerHistory(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	f, err := s.board.find(&search{sort: "-updated", limit: workerHistory})
	if err != nil {
		return err
	}
	parts, err := s.m.WorkerParts(id, f.ids)
	if err != nil {
		return err
	}
	var out api.WorkerHistory
	for i := range parts {
		p := &parts[i]
		out.Jobs = append(out.Jobs, api.WorkerPart{JobID: p.Job, JobName: p.JobName, Last: p.Last.UTC(), Rendered: p.Rendered, Seconds: float64(p.Wall) * millisecond, FramesPerHour: p.FramesPerHour()})
	}
	for _, d := range s.m.FrameDays(id) {
		out.Days = append(out.Days, api.WorkerDay{Date: d.Date(), Frames: d.Frames, Seconds: float64(d.Busy) * millisecond, FramesPerHour: d.FramesPerHour()})
	}
	return writeJSON(w, http.StatusOK, out)
}
