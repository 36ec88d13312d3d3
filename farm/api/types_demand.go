package api

import (
	"net/url"
	"strconv"

	"renderfarm/farm"
)

// Demand answers fetchDemand: what waits for workers, and how many there should be.
type Demand struct {
	Recommended int               `json:"workers_recommended"` // in all
	Missing     int               `json:"workers_missing"`     // of these, beyond those that are idle or busy
	Idle        int               `json:"workers_idle"`
	Busy        int               `json:"workers_busy"`
	Asleep      int               `json:"workers_asleep"`
	Tasks       int               `json:"tasks"`   // that wait for nothing but a worker
	Seconds     float64           `json:"seconds"` // that one worker is expected to need for them
	Classes     List[DemandClass] `json:"classes"`
}

// DemandClass is the tasks of one kind of work, and the workers that may be given them;
// a worker is in every class that it serves.
type DemandClass struct {
	Tag         string  `json:"tag"` // by name; "": for any worker
	TaskType    string  `json:"task_type"`
	Blender     string  `json:"blender"`       // "4.2"; "": any
	Match       string  `json:"blender_match"` // how exactly: same, newer or any
	GPU         bool    `json:"gpu"`           // it needs a graphics card
	Memory      int64   `json:"memory"`        // the most that a frame took, in bytes; 0: not known
	Tasks       int     `json:"tasks"`
	Guessed     int     `json:"tasks_guessed"` // of these, tasks of jobs of which nothing was measured
	Seconds     float64 `json:"seconds"`
	Longest     float64 `json:"longest_task_seconds"` // that the longest task is expected to take
	Idle        int     `json:"workers_idle"`
	Busy        int     `json:"workers_busy"`
	Asleep      int     `json:"workers_asleep"`
	Recommended int     `json:"workers_recommended"` // if there were no other work
}

// scalingNumbers are the query parameters of fetchDemand that are numbers.
func scalingNumbers(s *farm.Scaling) map[string]*int {
	return map[string]*int{"min": &s.Min, "max": &s.Max, "scale_out": &s.ScaleOut, "stand_by": &s.StandBy}
}

// ScalingOf reads the query of fetchDemand. What it does not say is as in otherwise.
func ScalingOf(query url.Values, otherwise farm.Scaling) (farm.Scaling, error) {
	s := otherwise
	for name, at := range scalingNumbers(&s) {
		if text := query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return s, farm.Errorf(farm.Invalid, "%s is %.50q: it has to be a whole number", name, text)
			}
			*at = n
		}
	}
	if text := query.Get("idle"); text != "" {
		if err := s.Idle.UnmarshalText([]byte(text)); err != nil {
			return s, farm.Errorf(farm.Invalid, "idle is %.50q: it has to be a duration, such as 5m", text)
		}
	}
	return s, s.Check()
}

// scalingQuery is what ScalingOf reads.
func scalingQuery(s farm.Scaling) url.Values {
	query := url.Values{"idle": {s.Idle.String()}}
	for name, at := range scalingNumbers(&s) {
		query.Set(name, strconv.Itoa(*at))
	}
	return query
}
