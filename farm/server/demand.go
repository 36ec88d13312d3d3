package server

import (
	"net/http"

	"renderfarm/farm/api"
	"renderfarm/farm/manager"
	"renderfarm/farm/metrics"
)

// fetchDemand says what waits for workers and how many there should be. The cost is that
// of the workers and the kinds of work, however many tasks wait.
func (s *Server) fetchDemand(w http.ResponseWriter, r *http.Request) error {
	scaling, err := api.ScalingOf(r.URL.Query(), s.m.Scaling())
	if err != nil {
		return err
	}
	d, err := s.m.Demand(scaling)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, encodeDemand(&d))
}

func encodeDemand(d *manager.Demand) api.Demand {
	out := api.Demand{Recommended: d.Recommended, Missing: max(d.Recommended-d.There.Present(), 0),
		Idle: d.There.Idle, Busy: d.There.Busy, Asleep: d.There.Asleep}
	for i := range d.Classes {
		c := &d.Classes[i]
		out.Tasks += c.Tasks
		out.Seconds += c.Seconds
		out.Classes = append(out.Classes, api.DemandClass{Tag: c.TagName, TaskType: c.Type, Blender: c.Need.Version.String(), Match: c.Need.Match.String(),
			GPU: c.Need.GPU, Memory: c.Memory, Tasks: c.Tasks, Guessed: c.Guessed, Seconds: c.Seconds, Longest: c.Longest,
			Idle: c.Presence.Idle, Busy: c.Presence.Busy, Asleep: c.Presence.Asleep, Recommended: c.Recommended})
	}
	return out
}

// maxDemandSeries is how many classes have figures of their own. Tags and task types are
// the choice of users, and a collector of figures keeps each combination for long.
const maxDemandSeries = 50

// writeDemand writes what waits for workers.
func (s *Server) writeDemand(p *metrics.Page) {
	d, err := s.m.Demand(s.m.Scaling())
	if err != nil {
		return // the manager ends
	}
	p.Value("farm_workers_recommended", metrics.Gauge, "Workers that there should be, for what starts and ends them.", float64(d.Recommended))
	p.Value("farm_workers_idle", metrics.Gauge, "Workers that could take a task now and have none.", float64(d.There.Idle))
	p.Value("farm_workers_busy", metrics.Gauge, "Workers that have a task.", float64(d.There.Busy))
	classes := d.Classes[:min(len(d.Classes), maxDemandSeries)]
	each := func(name, help string, value func(c *manager.DemandOf) float64) {
		p.Family(name, metrics.Gauge, help)
		for i := range classes {
			c := &classes[i]
			p.Sample(value(c), "tag", c.TagName, "type", c.Type, "blender", c.Need.Version.String(), "gpu", yesNo(c.Need.GPU))
		}
	}
	each("farm_demand_tasks", "Tasks that wait for nothing but a worker, by kind of work.", func(c *manager.DemandOf) float64 { return float64(c.Tasks) })
	each("farm_demand_seconds", "What one worker is expected to need for them.", func(c *manager.DemandOf) float64 { return c.Seconds })
	each("farm_demand_workers", "Workers that there should be for them, if there were no other work.", func(c *manager.DemandOf) float64 { return float64(c.Recommended) })
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
