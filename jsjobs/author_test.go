package jsjobs

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"renderfarm/farm"
)

// tasks plans with a body and returns what matters of the tasks.
func tasks(t *testing.T, body string) []farm.PlannedTask {
	t.Helper()
	p, err := plan(t, body, nil)
	if err != nil {
		t.Fatalf("%s\n%v", body, err)
	}
	return p.Tasks
}

func TestAuthoredTask(t *testing.T) {
	got := tasks(t, `
		var first = author.Task("  first ", " Misc ");
		first.priority = 90.7;
		first.addCommand(author.Command(" echo ", {message: "hi", n: 3, list: [1, "a", null, undefined, {x: true}], nothing: undefined, none: null,
			nan: 0 / 0, f: function () {}, date: new Date(0), boxed: new String("s")}));
		first.addCommand(author.Command("sleep", {duration_in_seconds: 0.5}, "4"));
		first.addCommand(author.Command("plain"));
		first.addCommand({name: "by hand", parameters: {a: 1}, totalStepCount: 2});
		job.addTask(first);
		var second = new author.Task("second", "x");
		second.addDependency(first);
		second.addDependency(first);
		job.addTask(second);`)
	want := []farm.PlannedTask{
		{Name: "first", Type: "misc", Priority: 90, Commands: []farm.Command{
			{Name: "echo", Parameters: map[string]any{"message": "hi", "n": 3.0, "list": []any{1.0, "a", nil, nil, map[string]any{"x": true}},
				"none": nil, "nan": nil, "date": "1970-01-01T00:00:00.000Z", "boxed": "s"}},
			{Name: "sleep", Parameters: map[string]any{"duration_in_seconds": 0.5}, Steps: 4},
			{Name: "plain", Parameters: map[string]any{}},
			{Name: "by hand", Parameters: map[string]any{"a": 1.0}, Steps: 2}}},
		{Name: "second", Type: "x", Priority: 50, Needs: []int{0}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if n := got[0].Steps(); n != 8 {
		t.Errorf("the first task has %d steps, want 8", n)
	}
}

// What a script may do with the objects it has, before and after they are
// handed on.
func TestAuthoredObjects(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"adding copies", `var t = author.Task("a", "m"); job.addTask(t); t.name = "b"; t.priority = 1; t.addCommand(author.Command("x"));`, "a/m/50[]"},
		{"changing before", `var t = author.Task("a", "m"); t.name = "b"; t.type = "N"; job.addTask(t);`, "b/n/50[]"},
		{"reading a command", `var c = author.Command("x", {a: [1, 2]}, 7); var t = author.Task(c.name + c.parameters.a.length + c.totalStepCount, "m"); job.addTask(t);`, "x27/m/50[]"},
		{"changing a command's parameters late", `var c = author.Command("x", {a: 1}); var t = author.Task("a", "m"); t.addCommand(c); job.addTask(t); c.parameters.a = 2; delete c.parameters.b;`, "a/m/50[x map[a:2]]"},
		{"replacing parameters", `var c = author.Command("x", {a: 1}); c.parameters.z = 1; c.parameters = {b: 2}; c.name = "y"; c.totalStepCount = 3; var t = author.Task("a", "m"); t.addCommand(c); job.addTask(t);`, "a/m/50[y map[b:2]]"},
		{"parameters are a copy", `var p = {a: 1}; var c = author.Command("x", p); p.a = 2; var t = author.Task("a", "m"); t.addCommand(c); job.addTask(t);`, "a/m/50[x map[a:1]]"},
		{"commands as an array", `var t = author.Task("a", "m"); t.addCommand(author.Command("x")); t.commands.push(author.Command("y")); t.addCommand(author.Command("z")); t.commands.shift(); job.addTask(t);`, "a/m/50[y map[] z map[]]"},
		{"replacing commands", `var t = author.Task("a", "m"); t.commands = [author.Command("x")]; job.addTask(t);`, "a/m/50[x map[]]"},
		{"dependencies as an array", `var a = author.Task("a", "m"), b = author.Task("b", "m"); b.dependencies.push(a); b.addDependency(a); job.addTask(a); job.addTask(b); if (b.dependencies[0] !== a) throw "another";`, "a/m/50[] b/m/50[] 0"},
		{"a dependency added later", `var a = author.Task("a", "m"), b = author.Task("b", "m"); b.addDependency(a); job.addTask(b); job.addTask(a);`, "b/m/50[] 1 a/m/50[]"},
		{"job.tasks", `var a = author.Task("a", "m"); job.addTask(a); job.addTask(author.Task("n" + job.tasks.length + job.tasks[0].name, "m"));`, "a/m/50[] n1a/m/50[]"},
		{"as JSON", `var c = author.Command("x", {a: 1}, 2); job.addTask(author.Task(JSON.stringify(c), "m"))`, `{"name":"x","parameters":{"a":1},"totalStepCount":2}/m/50[]`},
		{"task as JSON", `var a = author.Task("a", "m"); a.addCommand(author.Command("x")); var o = JSON.parse(JSON.stringify(a)); job.addTask(author.Task([o.name, o.type, o.priority, o.commands[0].name, o.dependencies.length, o.uUID.length].join(), "m"))`, "a,m,50,x,0,36/m/50[]"},
		{"listed properties", `var n = []; for (var k in author.Command("x")) n.push(k); for (k in author.Task("a", "m")) n.push(k); job.addTask(author.Task(n.join(), "m"))`, "name,parameters,totalStepCount,uUID,name,type,priority,commands,dependencies,addCommand,addDependency/m/50[]"},
		{"keys", `var c = author.Command("x", {a: 1}); c.mine = 1; job.addTask(author.Task(Object.keys(c) + Object.values(c)[0] + Object.assign({}, c).parameters.a, "m"))`, "name,parameters,totalStepCount,minex1/m/50[]"},
		{"spread", `const {priority, ...rest} = {...author.Task("a", "m")}; job.addTask(author.Task(priority + rest.name + Object.keys(rest), "m"))`, "50auUID,name,type,commands,dependencies/m/50[]"},
		{"extra properties", `var a = author.Task("a", "m"), c = author.Command("x"); a.mine = c.mine = 7; a.name += a.mine + c.mine; job.addTask(a)`, "a14/m/50[]"},
		{"same object", `var t = author.Task("a", "m"); t.addCommand(author.Command("x")); if (t.commands[0] !== t.commands[0]) throw "another"; t.commands[0].name = "y"; job.addTask(t)`, "a/m/50[y map[]]"},
		{"adding copies a command", `var c = author.Command("x", {a: 1}), t = author.Task("a", "m"); t.addCommand(c); c.name = "y"; c.totalStepCount = 9; t.addCommand(c); c.parameters = {b: 2}; job.addTask(t); c.name = "z"`, "a/m/50[x map[a:1] y map[a:1]]"},
		{"a pushed command is copied with its task", `var c = author.Command("x"), t = author.Task("a", "m"); t.commands.push(c); job.addTask(t); c.name = "z"`, "a/m/50[x map[]]"},
		{"a task of job.tasks", `var t = author.Task("a", "m"); t.addCommand(author.Command("x")); job.addTask(t); var j = job.tasks[0]; t.priority = 1; j.priority = 77; j.name = "b"; j.commands[0].name = "y"; j.addCommand(author.Command("z")); if (j === t || j.uUID !== t.uUID) throw "no copy"`, "b/m/77[y map[] z map[]]"},
		{"order of job.tasks", `for (var n of ["c", "a", "b"]) job.addTask(author.Task(n, "m")); job.tasks[2].addDependency(job.tasks[1]); job.tasks.sort((x, y) => x.name < y.name ? -1 : 1); job.addTask(author.Task("d", "m"))`, "a/m/50[] b/m/50[] 0 c/m/50[] d/m/50[]"},
		{"fewer in job.tasks", `for (var n of ["a", "b", "c"]) job.addTask(author.Task(n, "m")); job.tasks = job.tasks.filter(t => t.name !== "b"); job.tasks.push(author.Task("e", "m"))`, "a/m/50[] c/m/50[] e/m/50[]"},
		{"collections as parameters", `var t = author.Task("a", "m"); t.addCommand(author.Command("x", {s: new Set(["b", "a"]), m: new Map([["k", 1]]), w: new WeakSet()})); job.addTask(t)`, "a/m/50[x map[m:[[k 1]] s:[b a] w:map[]]]"},
		{"order of parameters", `var c = author.Command("x", {z: 1, a: 2}); job.addTask(author.Task(Object.keys(c.parameters).join(), "m"))`, "z,a/m/50[]"},
		{"ids", `var a = author.Task("a", "m"); if (!/^[0-9a-f-]{36}$/.test(a.uUID)) throw a.uUID;`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := shape(tasks(t, c.body)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAuthoringMistakes(t *testing.T) {
	for _, c := range []struct{ name, body, says string }{
		{"foreign dependency", `var a = author.Task("a", "m"), b = author.Task("b", "m"); b.addDependency(a); job.addTask(b);`, `task "b" depends on task "a", which is not in the job`},
		{"circle", `var a = author.Task("a", "m"), b = author.Task("b", "m"), c = author.Task("c", "m"); a.addDependency(b); b.addDependency(c); c.addDependency(b); job.addTask(a); job.addTask(b); job.addTask(c);`, `none could ever run: "b", "c"`},
		{"itself", `var a = author.Task("a", "m"); a.addDependency(a); job.addTask(a);`, `none could ever run: "a"`},
		{"twice", `var a = author.Task("a", "m"); job.addTask(a); job.addTask(a);`, `task "a" was added to the job before`},
		{"nameless", `var a = author.Task("a", "m"); a.name = " "; job.addTask(a);`, `a task, "" of type "m", lost its name or type`},
		{"contains itself", `var p = {}; p.p = p; author.Command("x", p);`, `contains itself`},
		{"contains itself late", `var c = author.Command("x"); c.parameters.p = c.parameters; var a = author.Task("a", "m"); a.addCommand(c); job.addTask(a);`, `command x of task "a": a value is nested`},
		{"settings contain themselves", `job.settings.s = job.settings;`, `job.settings after the script t.js`},
		{"commands are no array", `author.Task("a", "m").commands = 3;`, `task.commands must be an array`},
		{"no command", `var t = author.Task("a", "m"); t.commands.push(3); job.addTask(t);`, `task.commands needs a command`},
		{"no task", `var t = author.Task("a", "m"); t.dependencies.push(3); job.addTask(t);`, `task.dependencies needs a task`},
		{"a getter that throws", `var p = {}; Object.defineProperty(p, "x", {enumerable: true, get: function () { throw "gotcha" }}); author.Command("x", p);`, `gotcha`},
		{"borrowed method", `author.Task("a", "m").addCommand.call({}, author.Command("x"));`, `task.addCommand needs a task`},
		{"what is no task in job.tasks", `job.addTask(author.Task("a", "m")); job.tasks.push({name: "b"});`, `job.tasks needs a task`},
		{"a task twice in job.tasks", `job.addTask(author.Task("a", "m")); job.tasks.push(job.tasks[0]);`, `task "a" is in job.tasks twice`},
		{"job.tasks is no array", `job.tasks = 3;`, `job.tasks must be an array`},
		{"a nameless task in job.tasks", `job.addTask(author.Task("a", "m")); job.tasks[0].name = "";`, `lost its name or type`},
		{"forged index", `job.addTask({"%id": 0, name: "x", type: "y"});`, `job.addTask needs a task`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := plan(t, c.body, nil)
			wantError(t, err, farm.Invalid, c.says)
			if strings.Contains(err.Error(), "engine fail") {
				t.Error(err)
			}
		})
	}
}

func TestJobObject(t *testing.T) {
	body := `
		var seen = [job.jobID, job.workerTagUUID, job.name, job.jobType, job.priority, job.status, job.created.getTime(),
			job.settings.a, job.metadata.project, job.storage.shamanCheckoutID, job.tasks.length].join("|");
		job.metadata.seen = seen;
		job.metadata.number = 7;
		delete job.metadata.user;
		job.settings.b = {list: [1, "x"]};
		delete job.settings.a;
		job.name = " new name ";
		job.priority = 70;
		job.workerTagUUID = "";
		job.storage.shamanCheckoutID = "other";`
	given := map[string]any{"a": "A", "kept": 1.5}
	p, err := plan(t, body, given)
	if err != nil {
		t.Fatal(err)
	}
	wantMeta := map[string]string{"project": "P", "number": "7",
		"seen": "7b1e6a52-0000-4000-8000-000000000001|7b1e6a52-0000-4000-8000-000000000002|job name|t|50|under-construction|1772600767000|A|P|checkout|0"}
	if !maps.Equal(p.Metadata, wantMeta) {
		t.Errorf("metadata %q", p.Metadata)
	}
	if want := map[string]any{"b": map[string]any{"list": []any{1.0, "x"}}, "kept": 1.5}; !reflect.DeepEqual(p.Settings, want) {
		t.Errorf("settings %v; want %v", p.Settings, want)
	}
	if p.Name != "new name" || p.Priority != 70 || p.Tag != "" || p.ShamanCheckout != "other" || p.ID == "" || !p.Created.Equal(created) {
		t.Errorf("plan %+v", p)
	}
	if given["a"] != "A" || len(given) != 2 {
		t.Errorf("the submitter's settings were changed: %v", given)
	}
	p, err = plan(t, `delete job.settings; job.metadata = null; job.storage = 3;`, given)
	if err != nil || len(p.Settings) != 0 || len(p.Metadata) != 0 || p.ShamanCheckout != "" {
		t.Errorf("a job stripped by its script: %+v, %v", p, err)
	}
}

// job.created is a Date, and has what a time of the original system has.
func TestCreated(t *testing.T) {
	for expression, want := range map[string]string{
		`job.created.format("20060102 15:04:05")`:                                                                           `"20260304 05:06:07"`,
		`job.created.local().format("15:04")`:                                                                               `"07:06"`,
		`[job.created.unix(), job.created.unixMilli(), job.created.getTime()]`:                                              `[1772600767,1772600767000,1772600767000]`,
		`[job.created.year(), job.created.month(), job.created.day(), job.created.weekday(), job.created.yearDay()]`:        `[2026,3,4,3,63]`,
		`[job.created.date(), job.created.clock(), job.created.iSOWeek()]`:                                                  `[[2026,3,4],[5,6,7],[2026,10]]`,
		`job.created.addDate(0, 0, 1).add(3600e9).format("2006-01-02T15:04")`:                                               `"2026-03-05T06:06"`,
		`[job.created.before(job.created.add(1e6)), job.created.after(new Date()), job.created.sub(job.created.add(-2e6))]`: `[true,false,2000000]`,
		`job.created.string()`:                                     `"2026-03-04 05:06:07 +0000 UTC"`,
		`Object.keys(job.created).length`:                          `0`,
		`formatTimestampLocal(job.created.addDate(0, 1, 0))`:       `"2026-04-04_070607"`,
		`job.created instanceof Date && job.created.toISOString()`: `"2026-03-04T05:06:07.000Z"`,
	} {
		if got, err := evaluate(t, expression); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", expression, got, err, want)
		}
	}
}
