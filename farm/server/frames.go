package server

import (
	"net/http"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/manager"
)

// fetchJobCosts answers from sums, and costs the same whatever the size of the job.
func (s *Server) fetchJobCosts(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	c, err := s.m.Costs(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.apiCosts(c))
}

const (
	millisecond = 1e-3 // in seconds
	joule       = 1 / 3.6e6
	kibibyte    = 1 << 10
)

func (s *Server) apiCosts(c manager.JobCosts) api.JobCosts {
	if c.FrameCosts == nil {
		return api.JobCosts{}
	}
	energy := float64(c.Energy) * joule
	out := api.JobCosts{Frames: c.Kept, Rendered: c.Rendered, Warnings: c.Warned, Seconds: float64(c.Wall) * millisecond, CPU: float64(c.CPU) * millisecond,
		Load: float64(c.Load) * millisecond, Save: float64(c.Save) * millisecond, Memory: c.Memory * kibibyte, GPUMemory: c.GPUMemory * kibibyte,
		EnergyKWh: energy, Price: energy * c.Price, TimeLeft: api.NewTimeLeft(c.Left)}
	for _, f := range c.Slowest {
		out.Slowest = append(out.Slowest, api.SlowFrame{Frame: f.Frame, Seconds: float64(f.Wall) * millisecond})
	}
	for i := range c.Workers {
		out.Workers = append(out.Workers, s.apiWorkerCost(&c.Workers[i]))
	}
	return out
}

func (s *Server) apiWorkerCost(c *farm.WorkerCosts) api.WorkerCost {
	name, _ := s.m.WorkerName(c.Worker)
	return api.WorkerCost{ID: c.Worker, Name: name, Rendered: c.Rendered, Seconds: float64(c.Wall) * millisecond,
		FramesPerHour: c.FramesPerHour(), EnergyKWh: float64(c.Energy) * joule, Price: s.priceOf(c.Energy), Device: c.Device}
}

// priceOf is what so many joules cost, 0 if that is not known.
func (s *Server) priceOf(joules int64) float64 {
	return float64(joules) * joule * s.m.Config().PricePerKWh
}

func (s *Server) fetchWorkerCosts(w http.ResponseWriter, r *http.Request) error {
	id, err := workerID(r)
	if err != nil {
		return err
	}
	job, c, err := s.m.WorkerCosts(id)
	if err != nil {
		return err
	}
	c.Worker = id
	return writeJSON(w, http.StatusOK, api.WorkerCosts{Job: job.ID, JobName: job.Name, WorkerCost: s.apiWorkerCost(&c)})
}

// fetchJobFrames answers with the frames of at most ?limit= tasks, so that an answer
// has a bound; next says where to go on.
func (s *Server) fetchJobFrames(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	most, err := limit(r)
	if err != nil {
		return err
	}
	if most < 0 || most > listPage {
		most = listPage
	}
	after, err := afterTask(r)
	if err != nil {
		return err
	}
	frames, last, err := s.m.Frames(id, after-1, most)
	if err != nil {
		return err
	}
	if err := s.m.MarkOld(r.Context(), id, frames); err != nil {
		return err
	}
	comments, err := s.m.Comments(id)
	if err != nil {
		return err
	}
	said := map[int][]farm.Comment{}
	for _, c := range comments {
		said[c.Frame] = append(said[c.Frame], c)
	}
	out := api.JobFrames{Next: last + 1}
	for i := range frames {
		f := &frames[i]
		var joules int64
		if f.Result != nil {
			joules = f.Result.Energy
		}
		out.Frames = append(out.Frames, api.JobFrame{Frame: f.Number, Task: f.Task + 1, TaskID: f.TaskID, Status: f.Status.String(), File: f.File,
			Worker: s.apiTaskWorker(f.Worker), Old: f.Old, Warns: f.Warns, Price: s.priceOf(joules),
			Picture: f.Status == farm.TaskCompleted && s.m.CanShow(f.File), Comments: said[f.Number], Result: f.Result})
	}
	return writeJSON(w, http.StatusOK, out)
}

// The sizes that pictures of frames come in, in pixels.
const (
	smallWidth, smallHeight = 320, 180
	largeWidth, largeHeight = 1920, 1080
)

// fetchFramePicture answers with a frame as browsers can show it. Few are made at a
// time, as each takes memory.
func (s *Server) fetchFramePicture(w http.ResponseWriter, r *http.Request) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	number, err := frameNumber(r)
	if err != nil {
		return err
	}
	width, height := smallWidth, smallHeight
	switch size := r.URL.Query().Get("size"); size {
	case "", "small":
	case "large":
		width, height = largeWidth, largeHeight
	default:
		return farm.Errorf(farm.Invalid, "size is %q: it must be small or large", short(size))
	}
	giveBack, err := s.pictures.Take(r.Context(), address(r))
	if err != nil {
		return err
	}
	defer giveBack()
	picture, err := s.m.FramePicture(id, number, width, height)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") != "" { // the address changes with the frame
		h.Set("Cache-Control", "private, max-age=86400, immutable")
	}
	w.Write(picture)
	return nil
}

// rerenderJob renders some frames again; see manager.Rerender.
func (s *Server) rerenderJob(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var wanted api.JobRerender
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	frames, err := farm.ParseFrames(wanted.Frames)
	if err != nil {
		return err
	}
	done, err := s.m.Rerender(id, frames, wanted.Reason, by(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobRerendered{Frames: farm.FormatFrames(done.Frames), Waiting: farm.FormatFrames(done.Waiting), Tasks: done.Tasks, Kept: done.Kept})
}
