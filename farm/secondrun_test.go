package farm

import (
	"reflect"
	"testing"
	"time"
)

// A second run is worth it when it is expected to be over more than a frame earlier.
func TestSecondRun(t *testing.T) {
	begun := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	const s = time.Second
	for _, c := range []struct {
		first, second, load, after time.Duration
		gain                       time.Duration // 0: none
		from                       time.Duration // after begun
	}{
		{100 * s, 10 * s, 5 * s, 0, 85 * s, 0},           // much faster
		{100 * s, 10 * s, 5 * s, 70 * s, 15 * s, 0},      // still a frame and a half
		{100 * s, 10 * s, 5 * s, 75 * s, 0, 125*s + 1e6}, // a frame, which is not more
		{100 * s, 10 * s, 5 * s, 110 * s, 0, 125*s + 1e6},
		{100 * s, 10 * s, 5 * s, 125*s + 1e6, 10*s + 1e6, 0}, // it hangs, as far as one can tell
		{10 * s, 10 * s, 0, 0, 0, 30*s + 1e6},                // as fast as the other
		{10 * s, 30 * s, 0, 0, 0, 70*s + 1e6},
		{2 * s, s / 10, 0, 0, 1900 * time.Millisecond, 0},
		{s, s / 10, 0, 0, 0, 2100*time.Millisecond + 1e6}, // too little to gain
	} {
		now := begun.Add(c.after)
		gain, from := SecondRun(c.first, c.second, c.load, begun, now)
		if gain != c.gain || c.gain > 0 && !from.Equal(now) || c.gain == 0 && from.Sub(begun) != c.from {
			t.Errorf("%+v: gain %s, from %s", c, gain, from.Sub(begun))
		}
		if gain == 0 {
			if later, _ := SecondRun(c.first, c.second, c.load, begun, from); later == 0 {
				t.Errorf("%+v: at the time that was told it is not worth it either", c)
			}
		}
	}
}

// What a worker takes for a frame follows from what it and the others took.
func TestFrameTimes(t *testing.T) {
	c := NewFrameCosts([]int{1, 2, 3, 4, 5, 6, 7, 8})
	if _, ok := c.Times(); ok {
		t.Error("nothing was rendered, and a time is known")
	}
	saved := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for n := 1; n <= 6; n++ {
		r := FrameResult{Frame: n, Wall: 10_000, Saved: saved.Add(time.Duration(n) * time.Hour)}
		worker := WorkerID("fast")
		if n%2 == 0 {
			r.Wall, worker = 40_000, "slow"
		}
		if n < 3 {
			r.Load, r.Wall = 3000, r.Wall+3000
		}
		c.Add(&r, worker, nil)
	}
	for worker, want := range map[WorkerID]time.Duration{"fast": 10 * time.Second, "slow": 40 * time.Second, "new": 20 * time.Second} {
		times, ok := c.Times()
		if got := times.Of(7, worker); !ok || got < want*9/10 || got > want*11/10 {
			t.Errorf("%s takes %s, %v; want %s", worker, got, ok, want)
		}
	}
	if times, _ := c.Times(); times.Load() != 3*time.Second {
		t.Errorf("loading takes %s", times.Load())
	}
	var none *FrameCosts
	if _, ok := none.Times(); ok {
		t.Error("without costs something is known")
	}
}

// A second run goes to another folder; what cannot is not for it.
func TestSecondRunFrame(t *testing.T) {
	command := func(change func(p map[string]any)) []Command {
		p := map[string]any{"exe": "blender", "exeArgs": "-b -y", "argsBefore": []any{}, "blendfile": "/s/a.blend",
			"args": []any{"--render-output", "/out/######", "--render-format", "PNG", "--render-frame", "7"}}
		change(p)
		return []Command{{Name: "blender-render", Parameters: p, Steps: 1}}
	}
	if frame, ok := SecondRunFrame(command(func(map[string]any) {})); !ok || frame != 7 {
		t.Errorf("frame %d, %v", frame, ok)
	}
	args := func(list ...any) func(p map[string]any) { return func(p map[string]any) { p["args"] = list } }
	for name, change := range map[string]func(p map[string]any){
		"two frames":        args("-o", "/out/######", "-F", "PNG", "-f", "7..8"),
		"a movie":           args("-o", "/out/######", "-F", "FFMPEG", "-f", "7"),
		"no format":         args("-o", "/out/######", "-f", "7"),
		"no output":         args("-F", "PNG", "-f", "7"),
		"a script":          args("-o", "/out/######", "-F", "PNG", "-P", "x.py", "-f", "7"),
		"an animation":      args("-o", "/out/######", "-F", "PNG", "-s", "7", "-e", "7", "-a"),
		"files to keep":     func(p map[string]any) { p["keep"] = "20260304" },
		"a script before":   func(p map[string]any) { p["argsBefore"] = []any{"-P", "x.py"} },
		"Python in exeArgs": func(p map[string]any) { p["exeArgs"] = "-b --python-expr x" },
		"strange arguments": func(p map[string]any) { p["argsBefore"] = []any{true} },
	} {
		if _, ok := SecondRunFrame(command(change)); ok {
			t.Errorf("%s could have a second run", name)
		}
	}
	if _, ok := SecondRunFrame([]Command{{Name: "echo"}}); ok {
		t.Error("an echo could have a second run")
	}
}

// A second run saves beside where the file belongs, and looks at the file before it renders.
func TestAside(t *testing.T) {
	commands := func(args ...any) []Command {
		return []Command{{Name: "blender-render", Parameters: map[string]any{"args": args}, Steps: 1}}
	}
	given := commands("-S", "x", "-o", "/out/######", "-F", "PNG", "-f", "7")
	got, home, ok := Aside(given, ".aside", "look()")
	want := commands("-S", "x", "-o", "/out/.aside/######", "-F", "PNG", "--python-expr", "look()", "-f", "7")
	want[0].Parameters["warm"] = false
	if !ok || home != "/out/" || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %q, %v", got, home, ok)
	}
	if !reflect.DeepEqual(given, commands("-S", "x", "-o", "/out/######", "-F", "PNG", "-f", "7")) {
		t.Error("the command that was given was changed")
	}
	if got, home, ok := Aside(commands("-o", `C:\out\##`, "-F", "PNG", "-f", "7"), ".aside", ""); !ok || home != `C:\out\` || got[0].Parameters["args"].([]any)[1] != `C:\out\.aside\##` {
		t.Errorf("%+v, %q, %v", got, home, ok)
	}
	for _, args := range [][]any{{"-o", "name", "-f", "7"}, {"-o", "/a/#", "-o", "/b/#", "-f", "7"}, {"-f", "7", "-o", "/a/#"}} {
		if _, _, ok := Aside(commands(args...), ".aside", ""); ok {
			t.Errorf("%v can be rendered aside", args)
		}
	}
}
