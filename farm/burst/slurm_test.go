package burst

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

func TestSlurmScript(t *testing.T) {
	s := &Slurm{Name: "night", Time: 110 * time.Minute, Partition: "render", Gres: "gpu:1", Memory: "16G", CPUs: 8, Output: DefaultOutput,
		Options: []string{"--constraint=avx2"}, Work: []string{"/opt/farm/farm", "work", "--manager", "http://farm.lan:8080", "--exit-when-idle", "5m0s"}}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	script := s.Script()
	for _, want := range []string{"#SBATCH --job-name=farm-night\n", "#SBATCH --time=1:50:00\n", "#SBATCH --partition=render\n", "#SBATCH --gres=gpu:1\n",
		"#SBATCH --mem=16G\n", "#SBATCH --cpus-per-task=8\n", "#SBATCH --constraint=avx2\n", "#SBATCH --no-requeue\n"} {
		if !strings.Contains(script, want) {
			t.Errorf("no %q in\n%s", want, script)
		}
	}
	if strings.Contains(script, "--account") {
		t.Error("an option without a value is in it")
	}
	if runtime.GOOS == "windows" {
		t.Skip("there is no bash")
	}
	// What the shell makes of it, with and without the time at which the job ends.
	dir := t.TempDir()
	s.Work[0] = filepath.Join(dir, "far'm $HOME") // a name that a shell must not touch
	if err := os.WriteFile(s.Work[0], []byte("#!/bin/sh\nprintf '%s\\n' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for end, want := range map[string][]string{
		"SLURM_JOB_END_TIME=1764500000": {"--temporary", "--name", "farm-night-7-3", "--until", "@1764500000"},
		"SLURM_JOB_END_TIME=":           {"--temporary", "--name", "farm-night-7-3", "--time-left", "1h50m0s"},
	} {
		cmd := exec.Command("bash")
		cmd.Stdin = strings.NewReader(s.Script())
		cmd.Env = append(os.Environ(), "SLURM_ARRAY_JOB_ID=7", "SLURM_ARRAY_TASK_ID=3", "SLURM_JOB_ID=9", end)
		out, err := cmd.CombinedOutput()
		if got := strings.Split(strings.TrimSpace(string(out)), "\n"); err != nil || !slices.Equal(got[len(got)-5:], want) {
			t.Errorf("%s: %v, %q", end, err, got)
		}
	}
}

func TestSlurmCheck(t *testing.T) {
	for name, change := range map[string]func(s *Slurm){
		"a name with a blank":           func(s *Slurm) { s.Name = "a b" },
		"a name that is an option":      func(s *Slurm) { s.Name = "-x" },
		"no time":                       func(s *Slurm) { s.Time = 0 },
		"a partition of two lines":      func(s *Slurm) { s.Partition = "a\n#SBATCH --uid=0" },
		"an option that is a script":    func(s *Slurm) { s.Options = []string{"/etc/passwd"} },
		"an option with a blank":        func(s *Slurm) { s.Options = []string{"--wrap=rm -rf"} },
		"an output with a line of ours": func(s *Slurm) { s.Output = "/tmp/a\nrm" },
	} {
		s := &Slurm{Name: "a", Time: time.Hour, Output: DefaultOutput}
		if change(s); farm.KindOf(s.Check()) != farm.Invalid {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestParseSqueue(t *testing.T) {
	got, err := parseSqueue("12_1|RUNNING\n12_2|PENDING\n 13|CONFIGURING \n\n")
	if want := []Member{{"12_1", false}, {"12_2", true}, {"13", false}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"slurm_load_jobs error: Unable to contact slurm controller", "12_[1-5]|PENDING", "-x|PENDING"} {
		if _, err := parseSqueue(bad); farm.KindOf(err) != farm.Unavailable {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
