package store

import (
	"math"
	"strings"
	"testing"

	"renderfarm/farm"
)

func TestPrepareRefuses(t *testing.T) {
	task := func(name string, needs ...int) farm.PlannedTask {
		return farm.PlannedTask{Name: name, Type: "misc", Needs: needs}
	}
	for _, c := range []struct {
		name   string
		change func(*farm.Plan)
		words  []string
	}{
		{"no id", func(p *farm.Plan) { p.ID = "x" }, []string{`"x"`, "UUID"}},
		{"needs itself", func(p *farm.Plan) { p.Tasks = []farm.PlannedTask{task("a"), task("b", 1)} }, []string{`"b" needs "b"`}},
		{"cycle of two", func(p *farm.Plan) { p.Tasks = []farm.PlannedTask{task("a", 1), task("b", 0)} }, []string{`"a" needs "b" needs "a"`}},
		{"cycle behind others", func(p *farm.Plan) {
			p.Tasks = []farm.PlannedTask{task("start"), task("a", 0, 3), task("b", 1), task("c", 2), task("end", 1, 2, 3)}
		}, []string{`"a" needs "c" needs "b" needs "a"`}},
		{"need out of range", func(p *farm.Plan) { p.Tasks = []farm.PlannedTask{task("a", 7)} }, []string{`"a" needs task number 7`}},
		{"negative need", func(p *farm.Plan) { p.Tasks = []farm.PlannedTask{task("a", -1)} }, []string{`"a" needs task number -1`}},
		{"commands that are no JSON", func(p *farm.Plan) {
			p.Tasks[0].Commands = []farm.Command{{Name: "c", Parameters: map[string]any{"x": math.NaN()}}}
		}, []string{`"render-1"`, "NaN"}},
		{"settings that are no JSON", func(p *farm.Plan) { p.Settings = map[string]any{"x": math.Inf(1)} }, []string{"settings"}},
		{"task priority", func(p *farm.Plan) { p.Tasks[0].Priority = math.MaxInt32 + 1 }, []string{`"render-1"`}},
		{"job priority", func(p *farm.Plan) { p.Priority = math.MinInt32 - 1 }, []string{"priority"}},
		{"steps", func(p *farm.Plan) { p.Tasks[0].Commands[0].Steps = maxSteps + 1 }, []string{`"render-1"`}},
		{"types", func(p *farm.Plan) {
			for i := range maxTypes + 1 {
				p.Tasks = append(p.Tasks, farm.PlannedTask{Type: strings.Repeat("x", i+1)})
			}
		}, []string{"types"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := frames(1, false)
			c.change(p)
			_, err := Prepare(p)
			if farm.KindOf(err) != farm.Invalid {
				t.Fatalf("error %v", err)
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %s", err, w)
				}
			}
		})
	}
}

func TestPrepareNamesOnlySomeOfALongCycle(t *testing.T) {
	p := frames(100, false)
	for i := range p.Tasks {
		p.Tasks[i].Needs = []int{(i + 1) % len(p.Tasks)}
	}
	if _, err := Prepare(p); err == nil || len(err.Error()) > 500 || !strings.Contains(err.Error(), "…") {
		t.Error(err)
	}
}

func TestAddJobWithAnIDThatIsTaken(t *testing.T) {
	s := newStore(t)
	p := frames(1, false)
	addJob(t, s, p)
	again := prepare(t, p)
	if err := s.Update(func(tx *Tx) error { return tx.CanAdd(again) }); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	u, _ := farm.ParseUUID(string(p.ID))
	u[15]++ // another id with the same prefix
	p.ID = farm.JobID(u.String())
	near := prepare(t, p)
	if err := s.Update(func(tx *Tx) error { return tx.CanAdd(near) }); farm.KindOf(err) != farm.Conflict {
		t.Error(err)
	}
	other := prepare(t, frames(1, false))
	if err := s.Update(func(tx *Tx) error { return tx.CanAdd(other) }); err != nil {
		t.Error(err)
	}
}
