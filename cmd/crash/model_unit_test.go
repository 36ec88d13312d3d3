package crash

import (
	"strings"
	"testing"
)

// TestModels gives the checker histories of which it is known whether they can be.
func TestModels(t *testing.T) {
	t.Parallel()
	type op struct {
		call, end int64
		in, out   any
	}
	got := func(status, worker, activity string) taskState { return taskState{status, worker, activity} }
	for name, c := range map[string]struct {
		of   model
		ops  []op
		fine bool
	}{
		"kept":                     {register, []op{{1, 2, write("a"), done{}}, {3, 4, read{}, value("a")}}, true},
		"lost":                     {register, []op{{1, 2, write("a"), done{}}, {3, 4, write("b"), done{}}, {5, 6, read{}, value("a")}}, false},
		"unanswered, and done":     {register, []op{{1, 2, write("a"), done{}}, {3, never, write("b"), nil}, {5, 6, read{}, value("b")}}, true},
		"unanswered, and not done": {register, []op{{1, 2, write("a"), done{}}, {3, never, write("b"), nil}, {5, 6, read{}, value("a")}}, true},
		"read, and taken back":     {register, []op{{1, 2, write("a"), done{}}, {3, never, write("b"), nil}, {5, 6, read{}, value("b")}, {7, 8, read{}, value("a")}}, false},
		"nobody wrote it":          {register, []op{{1, 2, write("a"), done{}}, {5, 6, read{}, value("c")}}, false},
		"one after the other":      {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"w", completed, "x"}, done{}}, {5, 6, requeue{"r"}, done{}}, {7, 8, take{"v"}, done{}}, {9, 10, read{}, got(active, "v", "")}}, true},
		"two at a time":            {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, take{"v"}, done{}}}, false},
		"taken after completion":   {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"w", completed, "x"}, done{}}, {5, 6, take{"v"}, done{}}}, false},
		"completion lost":          {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"w", completed, "x"}, done{}}, {5, 6, read{}, got(active, "w", "")}}, false},
		"completed by another":     {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"v", completed, "x"}, done{}}}, false},
		"refused, and rightly":     {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"v", completed, "x"}, refused{}}, {5, 6, report{"w", completed, "x"}, done{}}}, true},
		"refused, and wrongly":     {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"w", completed, "x"}, refused{}}}, false},
		"reported twice":           {task, []op{{1, 2, take{"w"}, done{}}, {3, never, report{"w", completed, "x"}, nil}, {5, 6, report{"w", completed, "x"}, done{}}, {7, 8, read{}, got(completed, "w", "x")}}, true},
		"progress lost":            {task, []op{{1, 2, take{"w"}, done{}}, {3, 4, report{"w", active, "x"}, done{}}, {5, 6, read{}, got(active, "w", "")}}, false},
	} {
		h := newHistory()
		for _, o := range c.ops {
			h.put(key{c.of, "it"}, 1, o.call, o.end, o.in, o.out)
		}
		if found := h.check(); (len(found) == 0) != c.fine {
			t.Errorf("%s: fine is %v, and the checker says %q", name, c.fine, found)
		}
	}
}

// TestLogs gives the checker of logs texts of which it is known what is wrong.
func TestLogs(t *testing.T) {
	t.Parallel()
	const one, two, three = linePrefix + "1", linePrefix + "2", linePrefix + "3"
	for name, c := range map[string]struct {
		read []string
		want string // "": nothing is wrong
	}{
		"all":           {[]string{one + "\n" + two + "\n"}, ""},
		"unanswered":    {[]string{one + "\n" + two + "\n" + three + "\n"}, ""},
		"twice":         {[]string{one + "\n" + two + "\n" + three + "\n" + three + "\n"}, "2 times and was sent 1 times"},
		"lost":          {[]string{one + "\n"}, "acknowledged line"},
		"other order":   {[]string{two + "\n" + one + "\n"}, "not behind those before it"},
		"torn":          {[]string{one + "\n" + two[:8] + one + "\n" + two + "\n"}, "nobody sent"},
		"went backward": {[]string{one + "\n" + two + "\n" + three + "\n", one + "\n" + two + "\nother\n"}, "none is the begin"},
	} {
		h := newHistory()
		for _, line := range []string{one, two, three} {
			h.sending("t", line)
		}
		h.logged("t", one, 0)
		h.logged("t", two, 0)
		for _, text := range c.read {
			h.readLog("t", text, 0, 0)
		}
		found := strings.Join(h.check(), "\n")
		if (c.want == "") != (found == "") || !strings.Contains(found, c.want) {
			t.Errorf("%s: %q is to be found, and the checker says %q", name, c.want, found)
		}
	}
}
