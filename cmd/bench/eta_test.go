package bench

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

var (
	etaSeed   = flag.Uint64("eta-seed", 1, "which jobs the time left is looked at for: how long, and where heavy")
	etaFrames = flag.Int("eta-frames", 60, "frames of each of these jobs")
)

// A course is how the cost of frames changes along a job.
type course struct {
	name    string
	workers int
	// cost is for the frames at 0 to 1 of the job; 1 is an ordinary frame.
	cost func(r *rand.Rand) func(at float64) float64
}

// courses are the jobs whose time left is looked at. Everything that is not in their
// names comes from the seed.
func courses() []course {
	wave := func(r *rand.Rand) func(float64) float64 {
		often, begin := 2+8*r.Float64(), 6*r.Float64()
		return func(at float64) float64 { return 1 + 0.4*math.Sin(begin+often*at) }
	}
	return []course{
		{"constant", 1, func(*rand.Rand) func(float64) float64 { return func(float64) float64 { return 1 } }},
		{"rising", 1, func(r *rand.Rand) func(float64) float64 {
			times := 1.5 + 2*r.Float64()
			return func(at float64) float64 { return 0.6 + 0.6*times*at }
		}},
		{"heavy-section", 1, func(r *rand.Rand) func(float64) float64 {
			begin, long, heavy := 0.1+0.6*r.Float64(), 0.1+0.2*r.Float64(), 1.5+2*r.Float64()
			return func(at float64) float64 {
				if at >= begin && at < begin+long {
					return 0.7 * heavy
				}
				return 0.7
			}
		}},
		{"noise", 1, func(r *rand.Rand) func(float64) float64 {
			much := 0.2 + 0.3*r.Float64()
			return func(float64) float64 { return math.Exp(much * r.NormFloat64()) }
		}},
		{"two-workers", 2, wave},
	}
}

// ordinarySamples make a frame of this size take about a third of a second on a core.
const ordinarySamples = 25

// scene is a scene whose frames cost what the course says.
func (c course) scene(b *testing.B, frames int) shot {
	b.Helper()
	cost := c.cost(rand.New(rand.NewPCG(*etaSeed, uint64(len(c.name)))))
	var samples []string
	for i := range frames {
		samples = append(samples, fmt.Sprint(max(1, math.Round(ordinarySamples*cost(float64(i)/float64(frames))))))
	}
	python := "s = bpy.context.scene; s.render.resolution_percentage = 400; s.cycles.use_adaptive_sampling = False\n" +
		"for i, n in enumerate([" + strings.Join(samples, ", ") + "]): s.cycles.samples = n; s.cycles.keyframe_insert('samples', frame=i + 1)\n" +
		"for c in s.animation_data.action.fcurves:\n for k in c.keyframe_points: k.interpolation = 'CONSTANT'\n"
	return shot{savedScene(b, "tiny", python), "Tiny", frames}
}

// A forecast is what the manager said of the end of a job at some moment.
type forecast struct {
	done int // frames
	left api.TimeLeft
}

// BenchmarkTimeLeft renders jobs of several kinds with Blender, asks the manager after
// every frame when they will be over, and compares that with their end.
func BenchmarkTimeLeft(b *testing.B) {
	useBlender(b)
	var halves []float64
	for _, c := range courses() {
		p := start(b, newHome(b), "serve")
		for i := range c.workers {
			startWorker(b, p, i)
		}
		awaitWorkers(b, p, c.workers)
		s := c.scene(b, *etaFrames)
		dir := newHome(b)
		began := time.Now()
		looks, end := s.watch(b, p, dir)
		p.stop()
		p.complaints()
		halves = append(halves, judgeLooks(b, c.name, s.frames, looks, began, end))
	}
	report(b, "all", []figure{{"half-off-%", 100 * quantile(halves, 0.5)}})
}

// startWorker starts a worker; all but the first are kept on one core and last in line
// for it, so that their frames take longer.
func startWorker(b *testing.B, p *process, number int) {
	b.Helper()
	line := []string{program(b), "work", "--manager", "http://" + p.address, "--home", newHome(b), "--name", fmt.Sprint("worker-", number)}
	if number > 0 {
		if _, err := exec.LookPath("taskset"); err != nil {
			b.Skip(err)
		}
		line = append([]string{"taskset", "-c", "0", "nice", "-n", "5"}, line...)
	}
	runUntilEnd(b, exec.Command(line[0], line[1:]...))
}

// watch renders a shot and looks at its time left until it is over.
func (s shot) watch(b *testing.B, p *process, dir string) (looks []forecast, end time.Time) {
	b.Helper()
	client := p.client()
	id := s.submitTo(b, client, dir)
	awaitWithin(b, "the end of the job", 20*time.Millisecond, time.Hour, func() bool {
		costs, err := client.FetchJobCosts(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		if l := costs.TimeLeft; l != nil && (len(looks) == 0 || looks[len(looks)-1].done != costs.Frames) {
			looks = append(looks, forecast{costs.Frames, *l})
		}
		job, err := client.FetchJob(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		if job.Status == farm.JobFailed.String() {
			b.Fatalf("the job failed: %s", job.Activity)
		}
		end = time.Now()
		return job.Status == farm.JobCompleted.String()
	})
	return looks, end
}

// judgeLooks reports how good the looks were, and returns how far off the one at the half
// was, as a part of the whole job.
func judgeLooks(b *testing.B, name string, frames int, looks []forecast, began, end time.Time) (off float64) {
	b.Helper()
	whole := end.Sub(began).Seconds()
	part := func(t time.Time) float64 { return t.Sub(end).Seconds() / whole }
	all, inside, half := 0, 0, -1
	var widths []float64
	for i, l := range looks {
		good := !l.left.Earliest.After(end) && !l.left.Latest.Before(end)
		b.Logf("%-14s %3d of %d done: the end is %+5.1f%% to %+5.1f%%, likely %+5.1f%% of the job off%s", name, l.done, frames,
			100*part(l.left.Earliest), 100*part(l.left.Latest), 100*part(l.left.Likely), map[bool]string{false: ", MISSED"}[good])
		if 4*l.done < frames {
			continue
		}
		if half < 0 && 2*l.done >= frames {
			half = i
		}
		all++
		if good {
			inside++
		}
		widths = append(widths, part(l.left.Latest)-part(l.left.Earliest))
	}
	if half < 0 {
		b.Fatalf("%s: the manager said nothing at the half", name)
	}
	off = math.Abs(part(looks[half].left.Likely))
	atHalf := part(looks[half].left.Latest) - part(looks[half].left.Earliest)
	report(b, name, []figure{{"job-s", whole}, {"looks", float64(all)}, {"inside-%", 100 * float64(inside) / float64(max(all, 1))},
		{"half-off-%", 100 * off}, {"half-width-%", 100 * atHalf}, {"width-%", 100 * quantile(widths, 0.5)}})
	return off
}
