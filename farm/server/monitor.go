package server

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/farm/metrics"
)

// healthy answers that the manager lives: whoever watches over its process need not
// start it again.
func healthy(w http.ResponseWriter, _ *http.Request) error { return word(w, "ok") }

// ready answers whether the farm can do its work, and if not, with 503 and why.
// Starting the manager again seldom helps then.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if err := s.m.Ready(r.Context()); err != nil {
		return err
	}
	return word(w, "ready")
}

func word(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(text + "\n"))
	return nil
}

// metrics answers with figures for Prometheus. The names and labels are a promise to
// dashboards and alerts. No label has a value that users or workers choose, but those of
// the demand, of which there are few.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	f := s.m.Figures(r.Context())
	var p metrics.Page
	version, _ := s.m.Version()
	p.Family("farm_info", metrics.Gauge, "Version of the manager.")
	p.Sample(1, "version", version)
	writeFarm(&p, f)
	s.writeDemand(&p)
	writeStore(&p, f)
	s.requests.write(&p)
	s.writeSlots(&p, f.Uploads, f.MaxUploads)
	p.Process()
	w.Header().Set("Content-Type", metrics.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(p.Bytes())
	return nil
}

// writeFarm writes what there is in the farm, and what becomes of it. Statuses nobody
// is in are written too: a figure that is not there cannot be compared with 0.
func writeFarm(p *metrics.Page, f manager.Figures) {
	p.Family("farm_jobs", metrics.Gauge, "Jobs by status.")
	for s := farm.JobUnderConstruction; s <= farm.JobRequeueing; s++ {
		p.Sample(float64(f.Jobs[s]), "status", s.String())
	}
	p.Family("farm_tasks", metrics.Gauge, "Tasks of all jobs by status. Tasks of a paused job are queued.")
	for s, n := range f.Tasks {
		p.Sample(float64(n), "status", farm.TaskStatus(s).String())
	}
	p.Family("farm_workers", metrics.Gauge, "Workers by status; error is one that was not seen for longer than worker_timeout.")
	for s := farm.WorkerUnknown; s < farm.WorkerRestart; s++ {
		name := s.String()
		if s == farm.WorkerUnknown {
			name = "registered"
		}
		p.Sample(float64(f.Workers[s]), "status", name)
	}
	p.Value("farm_tasks_assigned_total", metrics.Counter, "Tasks that were handed to workers.", float64(f.Assigned))
	p.Family("farm_tasks_ended_total", metrics.Counter, "Tasks that workers do not hold any more: completed, or failed, returned, canceled and lost.")
	p.Sample(float64(f.Completed), "result", "completed")
	p.Sample(float64(f.Returned), "result", "other")
}

// writeStore writes about the database and the disks.
func writeStore(p *metrics.Page, f manager.Figures) {
	p.Family("farm_store_commit_duration_seconds", metrics.Histogram, "Time that it took to write and sync a commit of the database.")
	p.Durations(f.Store.Commits)
	p.Value("farm_store_operations_total", metrics.Counter, "Operations of the database that ran; many share a commit.", float64(f.Store.Operations))
	p.Value("farm_store_queued_operations", metrics.Gauge, "Operations that wait for the database at present.", float64(f.Store.Queued))
	p.Value("farm_store_size_bytes", metrics.Gauge, "Size of the database file.", float64(f.Store.FileSize))
	p.Value("farm_store_free_bytes", metrics.Gauge, "Part of the database file that is free for what comes.", float64(f.Store.FreeBytes))
	p.Value("farm_store_readers", metrics.Gauge, "Transactions that read the database at present.", float64(f.Store.Readers))
	if !f.LastBackup.IsZero() {
		p.Value("farm_backup_last_timestamp_seconds", metrics.Gauge, "Time at which the newest backup was made, in seconds since 1970.", float64(f.LastBackup.Unix()))
	}
	p.Family("farm_disk_free_bytes", metrics.Gauge, "Room on the disk of the database, of task logs, and of the shared storage.")
	for _, d := range f.DiskFree {
		p.Sample(float64(d.Bytes), "of", d.Of)
	}
	there := 1.0
	if f.StorageMissing {
		there = 0
	}
	p.Value("farm_storage_up", metrics.Gauge, "1 if the shared storage is there and answers, else 0.", there)
}

// writeSlots writes how much is under way of what is bounded.
func (s *Server) writeSlots(p *metrics.Page, uploads, maxUploads int) {
	slots := []struct {
		of        string
		now, most int
	}{
		{"event_streams", s.followers.Taken(), maxFollowers},
		{"large_bodies", s.bodies.coming.Taken(), maxLarge},
		{"uploads", uploads, maxUploads},
	}
	p.Family("farm_slots_in_use", metrics.Gauge, "Requests under way of kinds that are bounded.")
	for _, slot := range slots {
		p.Sample(float64(slot.now), "of", slot.of)
	}
	p.Family("farm_slots", metrics.Gauge, "How many requests of these kinds can be under way; others wait, or are refused.")
	for _, slot := range slots {
		p.Sample(float64(slot.most), "of", slot.of)
	}
	p.Value("farm_events_published_total", metrics.Counter, "Changes of the farm that those who follow its events are told of.", float64(s.events.Published()))
}

// write writes what was counted of requests.
func (q *requests) write(p *metrics.Page) {
	p.Value("farm_http_requests_under_way", metrics.Gauge, "Requests under way, those that are held until there is something to tell included.", float64(q.under.Load()))
	all := map[requestKind]*requestSeries{}
	q.series.Range(func(k, s any) bool { all[k.(requestKind)] = s.(*requestSeries); return true })
	kinds := slices.SortedFunc(maps.Keys(all), func(a, b requestKind) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.method, b.method))
	})
	p.Family("farm_http_requests_total", metrics.Counter, "Requests by method, route and class of the answer's status; none: the client left before it.")
	for _, k := range kinds {
		for i := range classes {
			if n := all[k].classes[i].Load(); n > 0 {
				p.Sample(float64(n), "method", k.method, "route", k.route, "status", classes[i])
			}
		}
	}
	p.Family("farm_http_request_duration_seconds", metrics.Histogram, "Time from a request's header to the end of its answer, without requests that were held on purpose.")
	for _, k := range kinds {
		p.Durations(&all[k].took, "method", k.method, "route", k.route)
	}
}
