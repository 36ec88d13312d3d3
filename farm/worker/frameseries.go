package worker

import (
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
)

// frameSeries remembers of one job what the last image of each name was like, for
// comparing the next one. Its methods may be called by several goroutines.
type frameSeries struct {
	mu   sync.Mutex // guards what follows
	job  farm.JobID
	last map[string]seriesImage // by the name without the frame's number
}

// A seriesImage is an image of a series.
type seriesImage struct {
	framefile.Image
	file string
}

// maxSeries bounds how many names of one job are remembered.
const maxSeries = 1000

// of makes it that of a job; what was another's is forgotten.
func (s *frameSeries) of(job farm.JobID) *frameSeries {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job != job {
		s.job, s.last = job, nil
	}
	return s
}

// next remembers an image and returns the one before it.
func (s *frameSeries) next(file string, m framefile.Image) (before seriesImage, known bool) {
	name := newImageName(file)
	key := name.prefix + "\x00" + name.ending
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known = s.last[key]
	if s.last == nil || len(s.last) >= maxSeries && !known {
		s.last = map[string]seriesImage{}
	}
	s.last[key] = seriesImage{m, file}
	return before, known && before.file != file
}
