package worker

import (
	"time"

	"renderfarm/farm"
)

// A frameMeter measures what each frame of one run of Blender costs, from what
// Blender prints and what the system knows of its process. It is not for several
// goroutines.
//
//	begin … Fra:1 … Saved … Time: 00:02 (Saving: 00:00.1)    Fra:2 … Saved …
//	|       |                                           |                  |
//	| load  |           render and save                 |                  end of 2
//	'------------------- wall of 1 ---------------------'--- wall of 2 ----'
type frameMeter struct {
	tell  func(farm.FrameResult) // takes a result
	use   func() processUse      // of Blender's process so far
	watts float64                // of this computer while it renders; 0: not known
	now   func() time.Time

	source time.Time   // when the .blend was changed last
	device farm.Device // what it renders with, as far as that is known

	since  time.Time     // end of the frame before, or begin of the run
	spent  time.Duration // processor time at since
	began  time.Time     // when the frame at hand began; zero: it did not
	loaded bool          // the first frame of the run has begun
	load   time.Duration // until the first frame began, until it is told
	peak   int64         // KiB, as Blender says
	gpu    int64         // likewise of the device
	memory int64         // KiB, the most of the process when it was last there: Blender may have ended when its last words are read

	open  bool // a file of the frame was saved, and its end was not heard of
	frame int
	flags farm.FrameFlags
}

// begin starts the clock of the first frame.
func (m *frameMeter) begin() {
	use := m.use()
	m.since, m.spent, m.memory = m.now(), use.cpu, use.peak
}

// hear takes an event of Blender's output.
func (m *frameMeter) hear(e blenderEvent) {
	switch e.what {
	case blenderFrame:
		if m.open && e.number != m.frame {
			m.close(blenderEvent{}) // Blender does not always tell of the end
		}
		if m.began.IsZero() {
			m.began = m.now()
			if !m.loaded {
				m.loaded, m.load = true, m.began.Sub(m.since)
			}
		}
		m.peak, m.gpu = max(m.peak, e.peak), max(m.gpu, e.gpuPeak)
	case blenderTimed:
		m.close(e)
	}
}

// saved says that the first file of a frame is there.
func (m *frameMeter) saved(frame int, flags farm.FrameFlags) {
	if m.open && frame != m.frame {
		m.close(blenderEvent{})
	}
	m.open, m.frame, m.flags = true, frame, flags
}

// close ends the frame that is open, if one is. e tells how long Blender took for it.
func (m *frameMeter) close(e blenderEvent) {
	if !m.open {
		return
	}
	now, use := m.now(), m.use()
	if use.peak > 0 {
		m.memory = use.peak
	}
	wall := now.Sub(m.since)
	r := farm.FrameResult{Frame: m.frame, Wall: wall.Milliseconds(), CPU: max(0, use.cpu-m.spent).Milliseconds(), Flags: m.flags,
		Device: m.device, Saved: now.UTC().Truncate(time.Millisecond)}
	if m.flags&farm.FrameWasThere == 0 {
		r.Source = m.source
		r.Load = min(m.load, wall).Milliseconds()
		r.Save = min(e.saving, wall).Milliseconds()
		if r.Render = (e.took - e.saving).Milliseconds(); e.took == 0 {
			r.Render = max(0, r.Wall-r.Load-r.Save)
		}
		r.Memory = max(m.peak, m.memory)
		if m.device.GPU() {
			r.GPUMemory = m.gpu
		}
		r.Energy = int64(m.watts*wall.Seconds() + 0.5)
		m.load = 0
	}
	m.open, m.began, m.since, m.spent, m.peak, m.gpu = false, time.Time{}, now, use.cpu, 0, 0
	m.tell(r)
}

// processUse is what a process has used so far.
type processUse struct {
	cpu  time.Duration
	peak int64 // most memory, in KiB, since it was asked last where that is possible, else since it began
}
