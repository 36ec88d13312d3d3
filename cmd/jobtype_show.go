package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"renderfarm/farm"
)

// newJobtypeShow returns the command that shows one job type.
func newJobtypeShow(s *session) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a job type and its settings",
		Long: `Show a job type and its settings, as the manager has it.

If there is no manager, that of this home or that comes with Farm is shown; with
--scripts that of a folder. Which it was is said on standard error.

With --json it prints the job type as GET /api/v3/jobs/type/{name} has it.`,
		Example:           "  farm jobtype show simple-blender-render\n  farm jobtype show shot-bake --json | jq '.settings[] | {key, default}'",
		Args:              args("NAME"),
		ValidArgsFunction: s.completeJobTypes,
		RunE: func(c *cobra.Command, given []string) error {
			return runJobtypeShow(c.Context(), s, given[0], dir)
		},
	}
	scriptsFlag(c, &dir, "to look into, instead of asking the manager")
	s.jsonFlag(c)
	return c
}

// runJobtypeShow prints the job type with the name.
func runJobtypeShow(ctx context.Context, s *session, name, dir string) error {
	known, err := s.jobTypes(ctx, dir)
	if err != nil {
		return err
	}
	s.tellWhere(known)
	var names []string
	for _, t := range known.JobTypes {
		if t.Name == name {
			return s.printJobType(&t)
		}
		names = append(names, t.Name)
	}
	// One whose script has a mistake is not among the job types, but people know that it is there.
	for _, b := range known.Broken {
		if b.Name == name {
			return farm.Errorf(farm.Invalid, "%s cannot be used: %s", b.File, b.Error)
		}
	}
	return farm.Errorf(farm.NotFound, "there is no job type %q; there are %s", name, strings.Join(names, ", "))
}

// printJobType prints what there is to know of a job type.
func (s *session) printJobType(t *farm.JobType) error {
	if s.json {
		return s.printJSON(t)
	}
	s.field("job type", t.Name)
	s.field("label", t.Label)
	s.field("description", t.Description)
	s.field("etag", t.ETag)
	table := s.table("setting", "type", "default", "shown", "description")
	for i := range t.Settings {
		st := &t.Settings[i]
		table.row(st.Key, settingType(st), settingDefault(st), settingShown(st), st.Description)
	}
	return table.print()
}

// settingType says what values a setting takes.
func settingType(st *farm.Setting) string {
	text := string(st.Type)
	if len(st.Choices) > 0 {
		text = strings.Join(st.Choices, "|")
	}
	// Propargs are those of a property of Blender, as the add-on shows the setting.
	least, hasLeast := st.Propargs["min"]
	most, hasMost := st.Propargs["max"]
	switch {
	case hasLeast && hasMost:
		text += fmt.Sprintf(" %v..%v", least, most)
	case hasLeast:
		text += fmt.Sprintf(" >= %v", least)
	case hasMost:
		text += fmt.Sprintf(" <= %v", most)
	}
	return text
}

// settingDefault says where the value comes from if nobody gives one.
func settingDefault(st *farm.Setting) string {
	if st.Default != nil {
		return jsonText(st.Default)
	}
	text := "-"
	if st.Required != nil && *st.Required {
		text = "required"
	}
	if st.Eval != "" {
		text += ", from the file"
	}
	// "required, from the file" or "from the file"; a dash only where there is nothing.
	return strings.TrimPrefix(text, "-, ")
}

// settingShown says where people see a setting.
func settingShown(st *farm.Setting) string {
	text := st.Visible
	if text == "" {
		text = "visible"
	}
	if st.Editable != nil && !*st.Editable {
		text += ", read only"
	}
	return text
}
