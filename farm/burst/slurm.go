package burst

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"renderfarm/farm"
)

// Slurm is an Engine: array jobs of workers on a cluster. The commands and options are
// those of https://slurm.schedmd.com/sbatch.html, squeue.html and scancel.html, since
// version 21.08.
type Slurm struct {
	Name      string        // of what belongs together; jobs are called farm-NAME
	Time      time.Duration // that a worker may run
	Partition string        // and the following are as sbatch takes them; "" leaves them out
	Account   string
	QOS       string
	Gres      string
	Memory    string
	CPUs      int      // 0: one
	Output    string   // file for what a worker writes, with the patterns of sbatch
	Options   []string // further ones of sbatch, such as --constraint=avx2
	Work      []string // how a worker is started on the nodes: the program and its arguments

	// Secrets returns variables for the environment of so many workers, NAME=VALUE: they
	// are in no argument and no file. nil: none.
	Secrets func(ctx context.Context, n int) ([]string, error)
}

// DefaultOutput is where workers write, on their node.
const DefaultOutput = "/tmp/%x-%A_%a.log"

var (
	slurmName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`)
	slurmOption = regexp.MustCompile(`^--[a-z][a-z-]*(=[!-~]{1,500})?$`)
	slurmID     = regexp.MustCompile(`^[0-9]{1,12}(_[0-9]{1,9})?$`)
)

// leastSlurm is the least time that is worth a job.
const leastSlurm = time.Minute

// Check says what of it cannot work.
func (s *Slurm) Check() error {
	if !slurmName.MatchString(s.Name) {
		return farm.Errorf(farm.Invalid, "the name %.50q cannot be that of jobs: use up to 40 letters, digits, _, . and -", s.Name)
	}
	if s.Time < leastSlurm {
		return farm.Errorf(farm.Invalid, "workers may run for %s, and a frame would seldom be done by then: use --time %s or more", farm.Duration(s.Time), farm.Duration(leastSlurm))
	}
	for _, option := range s.options() {
		if !slurmOption.MatchString(option) {
			return farm.Errorf(farm.Invalid, "%.100q cannot be an option of sbatch: it has to be --name=value, without blanks", option)
		}
	}
	return nil
}

func (s *Slurm) jobName() string { return "farm-" + s.Name }

// options are those in the script.
func (s *Slurm) options() []string {
	all := []string{"--job-name=" + s.jobName(), "--time=" + slurmTime(s.Time), "--no-requeue", "--chdir=/tmp", "--output=" + s.Output}
	for _, o := range []struct{ name, value string }{{"partition", s.Partition}, {"account", s.Account}, {"qos", s.QOS}, {"gres", s.Gres}, {"mem", s.Memory}} {
		if o.value != "" {
			all = append(all, "--"+o.name+"="+o.value)
		}
	}
	if s.CPUs > 0 {
		all = append(all, fmt.Sprintf("--cpus-per-task=%d", s.CPUs))
	}
	return append(all, s.Options...)
}

// slurmTime writes a time as HOURS:MINUTES:SECONDS.
func slurmTime(d time.Duration) string {
	n := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
}

// Script is what sbatch is given. The shell becomes the worker, so that each signal
// reaches it once: Slurm sends SIGTERM to all processes of a job that is preempted or
// canceled, and the worker gives its frame back. Newer versions of Slurm tell when the
// job ends (22.05 does not); else the worker counts from its own beginning.
func (s *Slurm) Script() string {
	var b strings.Builder
	b.WriteString("#!/bin/bash\n")
	for _, option := range s.options() {
		fmt.Fprintf(&b, "#SBATCH %s\n", option)
	}
	fmt.Fprintf(&b, `name="%s-${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}-${SLURM_ARRAY_TASK_ID:-0}"
if [ -n "${SLURM_JOB_END_TIME:-}" ]; then end=(--until "@$SLURM_JOB_END_TIME"); else end=(--time-left %s); fi
exec %s --temporary --name "$name" "${end[@]}"
`, s.jobName(), s.Time, farm.QuoteShell(s.Work))
	return b.String()
}

// kept are the variables of our environment that workers get, besides the secrets.
var kept = []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ"}

// Start submits an array job.
func (s *Slurm) Start(ctx context.Context, n int) error {
	var secrets []string
	if s.Secrets != nil {
		var err error
		if secrets, err = s.Secrets(ctx, n); err != nil {
			return err
		}
	}
	names := append([]string(nil), kept...)
	for _, secret := range secrets {
		name, _, _ := strings.Cut(secret, "=")
		names = append(names, name)
	}
	c := command{args: []string{"sbatch", "--parsable", fmt.Sprintf("--array=1-%d", n), "--export=" + strings.Join(names, ",")},
		env: append(os.Environ(), secrets...), input: s.Script()}
	_, err := c.run(ctx)
	return err
}

// List asks for the jobs with our name. One that has ended and is cleaned up after
// counts as none.
func (s *Slurm) List(ctx context.Context) ([]Member, error) {
	out, err := command{args: []string{"squeue", "--noheader", "--array", "--me", "--name=" + s.jobName(), "--states=PENDING,CONFIGURING,RUNNING,SUSPENDED", "--format=%i|%T"}}.run(ctx)
	if err != nil {
		return nil, err
	}
	return parseSqueue(out)
}

func parseSqueue(out string) (members []Member, err error) {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		id, state, ok := strings.Cut(line, "|")
		if !ok || !slurmID.MatchString(id) {
			return nil, farm.Errorf(farm.Unavailable, "squeue printed %.100q, and not the id and the state of a job", line)
		}
		if len(members) == MaxMembers {
			return nil, farm.Errorf(farm.TooLarge, "Slurm has more than %d jobs of this name: cancel those that are too many", MaxMembers)
		}
		members = append(members, Member{ID: id, Pending: state == "PENDING"})
	}
	return members, nil
}

// Cancel cancels jobs as long as they are pending, which Slurm checks.
func (s *Slurm) Cancel(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if !slurmID.MatchString(id) {
			return farm.Errorf(farm.Invalid, "%.50q is no job of Slurm", id)
		}
	}
	_, err := command{args: append([]string{"scancel", "--state=PENDING"}, ids...)}.run(ctx)
	return err
}
