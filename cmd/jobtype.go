package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/jsjobs"
)

// newJobtype returns the commands about job types.
func newJobtype(s *session) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "jobtype",
		Aliases: []string{"jobtypes"},
		Short:   "List, check and try out job types",
		Long: `List, check and try out job types: the scripts that make the tasks of a job.

"list" and "show" ask the manager. "check" and "plan" read scripts themselves,
and need neither manager nor workers.`,
		Example: `  farm jobtype list
  farm jobtype new shot-bake && farm jobtype check shot_bake.js
  farm jobtype plan shot_bake.js --set frames=1-10`,
	})
	c.AddCommand(newJobtypeList(s), newJobtypeShow(s), newJobtypeCheck(s), newJobtypePlan(s), newJobtypeNew(s))
	return c
}

// scriptsFlag gives a command --scripts.
func scriptsFlag(c *cobra.Command, dir *string, what string) {
	c.Flags().StringVar(dir, "scripts", "", "`folder` of scripts "+what)
}

// library returns the job types of a folder and the built-in ones. "" is the
// folder that a manager of this home has. The script timeout is the manager's.
func (s *session) library(dir string) (*jsjobs.Library, string, error) {
	if dir == "" {
		dir = filepath.Join(s.home, "scripts")
	} else if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, "", farm.Errorf(farm.NotFound, "there is no folder %s", dir)
	}
	c, err := s.config()
	if err != nil {
		return nil, "", err
	}
	return jsjobs.New(jsjobs.Options{Dir: dir, Timeout: time.Duration(c.ScriptTimeout)}), dir, nil
}

// A knownTypes is where job types were looked for, and what is there.
type knownTypes struct {
	JobTypes api.List[farm.JobType]    `json:"job_types"`
	Broken   api.List[farm.BrokenType] `json:"broken"`
	where    string                    // for people
}

// jobTypes asks the manager for its job types. With a folder, or if nobody
// named a manager and none answers, it looks into the folder.
func (s *session) jobTypes(ctx context.Context, dir string) (knownTypes, error) {
	if dir != "" {
		return s.typesIn(ctx, dir)
	}
	client, err := s.client(ctx)
	if err != nil {
		return knownTypes{}, err
	}
	types, err := client.GetJobTypes(ctx)
	if exitStatus(err) == exitUnreachable {
		if c, configErr := s.config(); configErr != nil || c.ManagerURL != "" {
			return knownTypes{}, err // who names a manager means it
		}
		known, err := s.typesIn(ctx, "")
		known.where = "No manager answers. " + known.where
		return known, err
	}
	if err != nil {
		return knownTypes{}, err
	}
	// A compatible manager does not tell.
	broken, err := client.GetBrokenJobTypes(ctx)
	if err != nil && api.StatusOf(err) == 0 {
		return knownTypes{}, err
	}
	return knownTypes{types.JobTypes, broken.Broken, "Job types of the manager at " + client.Base}, nil
}

// typesIn reads the job types of a folder itself.
func (s *session) typesIn(ctx context.Context, dir string) (knownTypes, error) {
	library, dir, err := s.library(dir)
	if err != nil {
		return knownTypes{}, err
	}
	types, err := library.Types(ctx)
	return knownTypes{types, library.Broken(ctx), "Job types in " + dir + " and those that come with Farm"}, err
}

// A scriptFile is what a user called a job type.
type scriptFile struct {
	*jsjobs.Library
	name string // job type
	dir  string // where the user finds the files of the library
}

// path returns the file of the library as the user would write it. Files that
// come with Farm have a name only.
func (f scriptFile) path(file string) string {
	path := filepath.Join(f.dir, filepath.FromSlash(file))
	if _, err := os.Stat(path); err != nil {
		return file
	}
	return path
}

// findScript finds what a user calls a job type: by the path of a script, or by
// its name.
func (s *session) findScript(text, dir string) (scriptFile, error) {
	if !strings.HasSuffix(text, ".js") {
		library, dir, err := s.library(dir)
		return scriptFile{library, text, dir}, err
	}
	path := text
	info, err := os.Stat(path)
	if err != nil && dir != "" && !filepath.IsAbs(path) {
		path = filepath.Join(dir, text)
		info, err = os.Stat(path)
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return scriptFile{}, farm.Errorf(farm.NotFound, "there is no file %s; without .js it would be the name of a job type", text)
	case err != nil:
		return scriptFile{}, err
	case info.IsDir():
		return scriptFile{}, farm.Errorf(farm.Invalid, "%s is a folder, and should be a script", text)
	case info.Size() < jsjobs.MinScript:
		return scriptFile{}, farm.Errorf(farm.Invalid, "%s is empty: \"farm jobtype new NAME\" writes a script to start with", text)
	}
	at, err := filepath.EvalSymlinks(path) // the manager does not follow links, but people have them
	if err != nil {
		return scriptFile{}, err
	}
	library, _, err := s.library(filepath.Dir(at))
	return scriptFile{library, jsjobs.TypeName(filepath.Base(at)), filepath.Dir(path)}, err
}

// completeJobTypes offers the names of job types to the shell.
func (s *session) completeJobTypes(c *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(given) > 0 || s.resolveHome() != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(c.Context(), completionLimit)
	defer cancel()
	known, err := s.jobTypes(ctx, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []cobra.Completion
	for _, t := range known.JobTypes {
		words = append(words, cobra.CompletionWithDesc(t.Name, printable(t.Label)))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeScripts offers names of job types and files to the shell.
func (s *session) completeScripts(c *cobra.Command, given []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	words, _ := s.completeJobTypes(c, given, begun)
	if len(given) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return words, cobra.ShellCompDirectiveDefault
}

// tellWhere says what was looked at.
func (s *session) tellWhere(known knownTypes) { fmt.Fprintln(s.errOut, printable(known.where)) }
