package cmd

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// jobtypePlanOptions say what to plan, and how much of it to show.
type jobtypePlanOptions struct {
	scripts  string // folder in which a name is looked for; "": that of the home
	name     string // of the job; "": that of the job type
	priority int
	set      []string // KEY=VALUE each
	commands bool     // show parameters
	all      bool     // every task, and not the first few
}

// newJobtypePlan returns the command that tries out a job type.
func newJobtypePlan(s *session) *cobra.Command {
	var o jobtypePlanOptions
	c := &cobra.Command{
		Use:   "plan SCRIPT",
		Short: "Show the tasks that a job type would make, without a farm",
		Long: `Show the tasks that a job type would make of a job, without a farm. SCRIPT is a
file, or the name of a job type of this home or of those that come with Farm.

Values given with --set are read by the type of their setting; keys that the job
type does not have are passed on as texts. Settings that are not given have their
default; eval needs Blender, and is left out.

With --json it prints {"tasks": ..., "settings": ..., "log": ...}: each task with
name, task_type, priority, commands (name, parameters, total_step_count) and
dependencies, the numbers of other tasks, which count from 1; the settings as the
script left them; and what it printed.`,
		Example: `  farm jobtype plan shot_bake.js --set frames=1-10 --set blendfile=/farm/shot.blend
  farm jobtype plan simple-blender-render --commands --set frames=1-10 --set chunk_size=5 \
      --set blendfile=/farm/a.blend --set render_output_root=/farm/r --set render_output_path=/farm/r/###### \
      --set format=PNG --set image_file_extension=.png --set scene=Scene --set fps=24`,
		Args:              args("SCRIPT"),
		ValidArgsFunction: s.completeScripts,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobtypePlan(c.Context(), s, given[0], o)
		},
	}
	f := c.Flags()
	scriptsFlag(c, &o.scripts, "in which a name is looked for (default: scripts in the home folder)")
	f.StringArrayVar(&o.set, "set", nil, "a setting of the job, as `KEY=VALUE`; may be repeated")
	f.StringVar(&o.name, "name", "", "`name` of the job (default: that of the job type)")
	f.IntVar(&o.priority, "priority", api.DefaultPriority, "`priority` of the job")
	f.BoolVar(&o.commands, "commands", false, "show the commands of each task with their parameters")
	f.BoolVar(&o.all, "all", false, fmt.Sprintf("show every task, not just the first %d", shownTasks))
	s.jsonFlag(c)
	return c
}

// runJobtypePlan plans a job and prints it. The script runs as on a manager, in a
// process of its own and with the same limits, but nothing is stored. A script that
// fails because a setting is missing is told with the settings to give.
func runJobtypePlan(ctx context.Context, s *session, script string, o jobtypePlanOptions) error {
	file, err := s.findScript(script, o.scripts)
	if err != nil {
		return err
	}
	jobType, err := file.Type(ctx, file.name)
	if err != nil {
		return err
	}
	settings, err := givenSettings(jobType, o.set)
	if err != nil {
		return err
	}
	// Scripts make paths of the job's name, which must not be empty.
	if o.name == "" {
		o.name = file.name
	}
	plan, err := file.Plan(ctx, farm.Submission{
		Name: o.name, Type: file.name, Priority: o.priority, SubmitterPlatform: runtime.GOOS,
		Settings: settings, Metadata: map[string]string{}, Created: s.now(), ID: farm.JobID(farm.NewUUID().String()),
	})
	if err != nil {
		if missing := missingSettings(jobType, settings); len(missing) > 0 {
			err = fmt.Errorf("%w. Give values with --set %s=VALUE", err, strings.Join(missing, "=VALUE --set "))
		}
		return err
	}
	if s.json {
		return s.printJSON(plannedJob(plan))
	}
	return s.printPlan(plan, o)
}

// givenSettings reads the values of --set, each by the type of its setting. A value that
// is not of the type is an error of usage.
func givenSettings(t farm.JobType, set []string) (map[string]any, error) {
	values := map[string]any{}
	for _, text := range set {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageErrorf("--set %q: write it as KEY=VALUE", text)
		}
		st, ok := t.Setting(key)
		if !ok { // scripts may look for what they do not ask for
			st = farm.Setting{Key: key, Type: farm.SettingString}
		}
		v, err := st.Parse(value)
		if err != nil {
			return nil, usageErrorf("--set %s: %v", text, err)
		}
		values[key] = v
	}
	return values, nil
}

// missingSettings lists the settings that the job type wants and nobody gave.
func missingSettings(t farm.JobType, given map[string]any) (keys []string) {
	for _, st := range t.Settings {
		if st.Required != nil && *st.Required && st.Default == nil && given[st.Key] == nil {
			keys = append(keys, st.Key)
		}
	}
	return keys
}

// A planJSON is the JSON of "farm jobtype plan".
type planJSON struct {
	Tasks    api.List[plannedTask] `json:"tasks"`
	Settings map[string]any        `json:"settings"`
	Log      api.List[string]      `json:"log"`
}

type plannedTask struct {
	Name         string                 `json:"name"`
	Type         string                 `json:"task_type"`
	Priority     int                    `json:"priority"`
	Commands     api.List[farm.Command] `json:"commands"`
	Dependencies api.List[int]          `json:"dependencies"` // counting from 1, like index_in_job
}

// plannedJob returns the JSON of a plan.
func plannedJob(p *farm.Plan) planJSON {
	out := planJSON{Settings: p.Settings, Log: slices.Concat(p.Messages, p.Warnings)}
	for _, t := range p.Tasks {
		task := plannedTask{Name: t.Name, Type: t.Type, Priority: t.Priority, Commands: slices.Clone(t.Commands)}
		// Scripts get {} and not null.
		for i := range task.Commands {
			if task.Commands[i].Parameters == nil {
				task.Commands[i].Parameters = map[string]any{}
			}
		}
		for _, n := range t.Needs {
			task.Dependencies = append(task.Dependencies, n+1)
		}
		out.Tasks = append(out.Tasks, task)
	}
	return out
}

// printPlan prints a plan for people: what the script said, the tasks, and the
// settings that it changed or got.
func (s *session) printPlan(p *farm.Plan, o jobtypePlanOptions) error {
	for _, line := range p.Messages {
		s.field("log", line)
	}
	for _, line := range p.Warnings {
		s.field("warning", line)
	}
	// In one order, so that two plans can be compared.
	for _, key := range slices.Sorted(maps.Keys(p.Settings)) {
		s.field("setting", key+" = "+jsonText(p.Settings[key]))
	}
	// Chunks of a frame make a task of each: a list of thousands would push the rest off the screen.
	tasks := p.Tasks
	if !o.all {
		tasks = tasks[:min(shownTasks, len(tasks))]
	}
	t := s.table("task", "type", "prio", "steps", "needs", "name", "commands")
	for i, task := range tasks {
		steps := 0
		var names []string
		for _, c := range task.Commands {
			steps += max(1, c.Steps) // as the manager counts
			names = append(names, c.Name)
		}
		t.row(i+1, task.Type, task.Priority, steps, taskRanges(task.Needs), task.Name, strings.Join(names, ", "))
	}
	if err := t.print(); err != nil {
		return err
	}
	if more := len(p.Tasks) - len(tasks); more > 0 {
		fmt.Fprintf(s.out, "... and %d more; --all shows them\n", more)
	}
	if o.commands {
		s.printCommands(tasks)
	}
	if len(p.Tasks) == 0 {
		fmt.Fprintln(s.errOut, "The script makes no tasks.")
	}
	return nil
}

// printCommands prints the commands of tasks, a parameter a line.
func (s *session) printCommands(tasks []farm.PlannedTask) {
	for i, task := range tasks {
		for _, c := range task.Commands {
			fmt.Fprintf(s.out, "\n%s\n", paint(fmt.Sprintf("task %d: %s", i+1, printable(c.Name)), faint, s.colors(s.out)))
			for _, key := range slices.Sorted(maps.Keys(c.Parameters)) {
				fmt.Fprintf(s.out, "  %s = %s\n", printable(key), printable(jsonText(c.Parameters[key])))
			}
		}
	}
}

// taskRanges writes indexes as numbers that count from 1: "1-10,12".
func taskRanges(indexes []int) string {
	if len(indexes) == 0 {
		return "-"
	}
	var parts []string
	// Indexes are sorted, so a run of them is one range.
	for i := 0; i < len(indexes); {
		n := 1
		for i+n < len(indexes) && indexes[i+n] == indexes[i]+n {
			n++
		}
		part := strconv.Itoa(indexes[i] + 1)
		if n > 1 {
			part += "-" + strconv.Itoa(indexes[i]+n)
		}
		parts = append(parts, part)
		i += n
	}
	return strings.Join(parts, ",")
}
