package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// printCosts says what the frames of a job cost, and when it will be over. Times on the
// wire are seconds, memory is bytes. What is not known, because no worker told it, is
// left out and not shown as 0.
func (s *session) printCosts(c *api.JobCosts) {
	if c == nil || c.Frames == 0 {
		return
	}
	s.field("time left", timeLeft(c.TimeLeft, s.now()))
	if c.Rendered > 0 {
		// Seconds of workers, not of the clock: two workers that render for an hour are two hours.
		each := time.Duration(c.Seconds / float64(c.Rendered) * float64(time.Second))
		text := fmt.Sprintf("%s, %s each", farm.Count(c.Rendered, "frame"), seconds(each))
		if c.Load > 0 {
			text += fmt.Sprintf(" (%.0f%% loading, %.0f%% saving)", 100*c.Load/max(c.Seconds, 1e-9), 100*c.Save/max(c.Seconds, 1e-9))
		}
		if c.Memory > 0 {
			text += ", at most " + farm.Size(c.Memory).String() + " of memory"
		}
		if c.GPUMemory > 0 {
			text += " and " + farm.Size(c.GPUMemory).String() + " of the graphics card's"
		}
		s.field("rendered", text)
	}
	var slow []string
	// "farm jobs frames --slowest" shows more.
	for _, f := range c.Slowest[:min(3, len(c.Slowest))] {
		slow = append(slow, fmt.Sprintf("%d (%s)", f.Frame, seconds(time.Duration(f.Seconds*float64(time.Second)))))
	}
	s.field("slowest", strings.Join(slow, ", "))
	for i := range c.Workers {
		s.field("by", workerCost(&c.Workers[i]))
	}
	s.field("energy", energy(c.EnergyKWh, c.Price))
	if c.Warnings > 0 {
		s.field("look at", farm.Count(c.Warnings, "frame")+"; \"farm jobs frames JOB --status warning\" shows them")
	}
}

// workerCost says what a worker did in a job. The job outlives the worker: one that was
// deleted has no name any more.
func workerCost(w *api.WorkerCost) string {
	name := w.Name
	if name == "" {
		name = shortID(string(w.ID)) + " (deleted)"
	}
	text := fmt.Sprintf("%s: %s, %s an hour", name, farm.Count(w.Rendered, "frame"), perHour(w.FramesPerHour))
	if w.Device != "" {
		text += " on " + deviceName(w.Device)
	}
	if e := energy(w.EnergyKWh, w.Price); e != "" {
		text += ", " + e
	}
	return text
}

// deviceName is a device as its makers write it.
func deviceName(d farm.Device) string {
	if name, ok := map[farm.Device]string{"OPTIX": "OptiX", "METAL": "Metal", "ONEAPI": "oneAPI", "OPENGL": "OpenGL", "VULKAN": "Vulkan"}[d]; ok {
		return name
	}
	return string(d)
}

// perHour writes a rate with a digit behind the point only where that matters.
func perHour(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

// energy says how much was used and what that cost, "" if it is not known. The price is
// in whatever currency price_per_kwh is; 0 is not known.
func energy(kwh, price float64) string {
	if kwh <= 0 {
		return ""
	}
	text := fmt.Sprintf("%.2f kWh", kwh)
	switch {
	case kwh < 0.001:
		text = strconv.FormatFloat(kwh*1000, 'g', 2, 64) + " Wh"
	case kwh < 0.1:
		text = fmt.Sprintf("%.1f Wh", kwh*1000)
	}
	if price > 0 {
		text += ", which cost " + money(price)
	}
	return text
}

// money writes a price in whatever currency, with the digits that a small one needs.
func money(price float64) string {
	switch {
	case price < 0.0001:
		return "<0.0001"
	case price < 0.1:
		return strconv.FormatFloat(price, 'g', 2, 64)
	}
	return fmt.Sprintf("%.2f", price)
}

// timeLeft says when a job will be over: "12m, until 14:05–14:20".
func timeLeft(t *api.TimeLeft, now time.Time) string {
	if t == nil {
		return ""
	}
	return roughly(t.Likely.Sub(now)) + ", until " + clockRange(t.Earliest.In(now.Location()), t.Latest.In(now.Location()), now)
}

// clockRange writes a range of times, with seconds if they are near and the day if
// it is another.
func clockRange(from, to, now time.Time) string {
	layout := "15:04"
	if to.Sub(from) < 2*time.Minute {
		layout = "15:04:05"
	}
	day := func(t time.Time) string {
		switch {
		case t.YearDay() == now.YearDay() && t.Year() == now.Year():
			return ""
		case t.Sub(now) < 6*24*time.Hour:
			return t.Format("Mon ")
		}
		return t.Format("2006-01-02 ")
	}
	a, b := day(from)+from.Format(layout), day(to)+to.Format(layout)
	if a == b {
		return a
	}
	if day(from) == day(to) {
		b = to.Format(layout)
	}
	return a + "–" + b
}

// costsOf returns what was asked for, or nothing of a compatible manager, which does
// not know it.
func costsOf[T any](c T, err error) (*T, error) {
	switch {
	case api.StatusOf(err) != 0:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &c, nil
}
