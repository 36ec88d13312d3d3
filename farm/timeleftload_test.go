package farm

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// A loadCourse says by which factor other programs make frames longer at a time.
type loadCourse struct {
	name string
	at   func(seconds float64) float64
	// inside is in how many of 100 looks the end has to be within the range.
	inside int
}

// loads are computers that do other things besides, for a film of about so many
// seconds: at levels that change at moments that nobody can know, for once, and always
// more.
func loads(r *rand.Rand, whole float64) []loadCourse {
	steps := func(long float64) func(float64) float64 {
		levels := make([]float64, 4096)
		for i := range levels {
			levels[i] = 1 + 3*r.Float64()*r.Float64()
		}
		return func(s float64) float64 { return levels[int(s/long)%len(levels)] }
	}
	begin, long := whole*r.Float64(), whole*r.Float64()
	return []loadCourse{
		{"none", func(float64) float64 { return 1 }, 92},
		{"short", steps(whole / 100), 92},
		{"comes and goes", steps(whole / 10), 92},
		{"long", steps(whole / 4), 90},
		{"once", func(s float64) float64 { return map[bool]float64{true: 2.5, false: 1}[s >= begin && s < begin+long] }, 88},
		{"grows", func(s float64) float64 { return 1 + 1.5*s/whole }, 78},
	}
}

// A crew is workers that are there all the time, and some that come or go.
type crew struct {
	name   string
	speeds []float64
	there  func(worker int, done float64) bool
	inside int
}

func crews() []crew {
	return []crew{
		{"one", []float64{1}, nil, 93},
		{"two", []float64{1, 2.5}, nil, 93},
		{"two join", []float64{1, 1.3, 0.8}, func(w int, done float64) bool { return done >= 0.15*float64(w) }, 93},
		{"two leave", []float64{1, 1.3, 0.8}, func(w int, done float64) bool { return w == 0 || done < 0.4*float64(w) }, 76},
	}
}

// A lookTally counts looks at the time left.
type lookTally struct {
	inside, looks int
	half, wide    []float64 // how far off at the half, and how wide the range: as parts of the job
}

// looksAt renders a film and counts the looks from a quarter on.
func looksAt(f film, r *rand.Rand) (l lookTally) {
	type look struct {
		done int
		TimeLeft
	}
	var looks []look
	end := f.render(r, func(done int, left TimeLeft) { looks = append(looks, look{done, left}) })
	whole := end.Sub(filmBegins).Seconds()
	for _, look := range looks {
		if look.done*4 < f.frames {
			continue
		}
		l.looks++
		if !look.Earliest.After(end) && !look.Latest.Before(end) {
			l.inside++
		}
		l.wide = append(l.wide, look.Latest.Sub(look.Earliest).Seconds()/whole)
		if look.done == f.frames/2 {
			l.half = append(l.half, math.Abs(look.Likely.Sub(end).Seconds())/whole)
		}
	}
	return l
}

func (l *lookTally) add(o *lookTally) {
	l.inside, l.looks = l.inside+o.inside, l.looks+o.looks
	l.half, l.wide = append(l.half, o.half...), append(l.wide, o.wide...)
}

func (l *lookTally) log(t *testing.T, name string, inside int) {
	t.Helper()
	slices.Sort(l.half)
	slices.Sort(l.wide)
	off := l.half[len(l.half)/2]
	t.Logf("%-20s %5.1f%% within the range, at the half %4.1f%% off (9 of 10: %4.1f%%), range %.0f%% of the job", name,
		100*float64(l.inside)/float64(l.looks), 100*off, 100*l.half[len(l.half)*9/10], 100*l.wide[len(l.wide)/2])
	if l.inside*100 < l.looks*inside {
		t.Errorf("%s: the end is within the range in %d of %d looks, which is less than %d%%", name, l.inside, l.looks, inside)
	}
}

// Films of all shapes, rendered by workers that come and go, on computers that do other
// things besides: from a quarter on the end is within the range in more than 90 of 100
// looks, and at the half half of them are less than 15 % off. Workers that leave, and
// load that grows without end, are seen too late more often.
func TestTimeLeftUnderLoad(t *testing.T) {
	all := lookTally{}
	byLoad, byCrew := map[string]*lookTally{}, map[string]*lookTally{}
	seeds := uint64(3)
	if os.Getenv("FARM_SOAK") != "" {
		seeds = 20
	}
	for seed := range seeds {
		for _, crew := range crews() {
			r := rand.New(rand.NewPCG(5, seed))
			for _, f := range append(otherFilms(r, 60, nil), films()...) {
				f.frames, f.speeds, f.there = 60+int(seed)*7, crew.speeds, crew.there
				for _, load := range loads(r, 10*float64(f.frames)) {
					f.load = load.at
					seen := looksAt(f, rand.New(rand.NewPCG(6, seed)))
					for _, tally := range []*lookTally{&all, tallyOf(byLoad, load.name), tallyOf(byCrew, crew.name)} {
						tally.add(&seen)
					}
				}
			}
		}
	}
	for _, load := range loads(rand.New(rand.NewPCG(0, 0)), 1) {
		byLoad[load.name].log(t, "load: "+load.name, load.inside)
	}
	for _, crew := range crews() {
		byCrew[crew.name].log(t, "workers: "+crew.name, crew.inside)
	}
	all.log(t, "all", 90)
	if off := all.half[len(all.half)/2]; off > 0.15 {
		t.Errorf("at the half, the estimate is %.0f%% off", 100*off)
	}
}

func tallyOf(by map[string]*lookTally, name string) *lookTally {
	if by[name] == nil {
		by[name] = &lookTally{}
	}
	return by[name]
}
