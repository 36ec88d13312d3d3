package cmd

import (
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/worker"
)

// A config is all that farm.yaml can say: the manager's configuration, and
// what the workers and clients of this computer need.
type config struct {
	farm.Config `yaml:",inline"`
	local       `yaml:",inline"`
}

// local is the part of the configuration for the workers and clients of this computer.
type local struct {
	ManagerURL      string        `yaml:"manager_url,omitempty"`         // "": look for it, see managerURL
	Fingerprint     string        `yaml:"manager_fingerprint,omitempty"` // of the manager's certificate; "": what the system believes
	KeyFile         string        `yaml:"key_file,omitempty"`            // with the farm key; "": farm.key in the home folder
	WorkerName      string        `yaml:"worker_name,omitempty"`         // "": the host's name
	TaskTypes       []string      `yaml:"task_types,omitempty"`          // nil: every type the worker knows
	RestartExitCode int           `yaml:"restart_exit_code,omitempty"`   // 0: nothing would start the worker again
	WatchFolder     string        `yaml:"watch_folder,omitempty"`        // .blend files put there are submitted; "": none
	Blenders        []string      `yaml:"blenders,omitempty"`            // see worker.Options.Blenders
	OwnVariables    []string      `yaml:"worker_variables,omitempty"`    // NAME=VALUE, see worker.Options.Variables
	FindBlenders    bool          `yaml:"find_blenders"`                 // see worker.Options.FindBlenders
	Update          bool          `yaml:"update"`                        // see session.forUpdates
	WorkerChecks    bool          `yaml:"worker_checks"`                 // see worker.Options.NoChecks
	StalledAfter    farm.Duration `yaml:"task_stalled_after"`            // 0: never
	MaxTime         farm.Duration `yaml:"task_max_time,omitempty"`       // 0: any time
	FileMode        string        `yaml:"file_mode,omitempty"`           // octal, see worker.Options.FileMode; "": what the umask leaves
	WarmBlender     bool          `yaml:"warm_blender"`                  // see worker.Options.NoWarm
	GPUs            []string      `yaml:"gpus,omitempty"`                // a worker for each of these cards, see worker.ChooseGPUs; nil: one worker
	GPURule         string        `yaml:"gpu,omitempty"`                 // see worker.Options.GPURule
	Storage         string        `yaml:"storage"`                       // see worker.Options.Storage
	MirrorQuota     farm.Size     `yaml:"mirror_quota"`                  // 0: as much as the disk has
	MirrorRate      farm.Size     `yaml:"mirror_rate,omitempty"`         // per second; 0: no bound
	MirrorLines     int           `yaml:"mirror_connections"`            // at a time
	Watts           int           `yaml:"watts,omitempty"`               // what the computer takes while it renders; 0: not known
	Wake            string        `yaml:"wake,omitempty"`                // MAC address, see worker.Options.Wake
	SuspendAfter    farm.Duration `yaml:"suspend_after,omitempty"`       // without a task; 0: never
	Suspend         string        `yaml:"suspend,omitempty"`             // command; "": that of the system
	WorkWhen        string        `yaml:"work_when"`                     // always, idle or manual
	IdleAfter       farm.Duration `yaml:"idle_after"`                    // see idle.Options.After
	GiveBackAfter   farm.Duration `yaml:"give_back_after"`               // see worker.Options
	BusyPrograms    []string      `yaml:"busy_programs"`                 // see idle.Options.Programs
	BusyCPU         int           `yaml:"busy_cpu"`                      // see idle.Options.BusyCPU
	Nice            int           `yaml:"nice,omitempty"`                // see procgroup.Limits
	IOTime          string        `yaml:"ionice,omitempty"`              // "", low or idle
	CPULimit        int           `yaml:"cpu_limit,omitempty"`           // processors; 0: all
	MemoryLimit     farm.Size     `yaml:"memory_limit,omitempty"`        // 0: all
	OOMScoreAdjust  int           `yaml:"oom_score_adjust,omitempty"`    // Linux, see worker.Options; -1 leaves it alone
}

// defaultConfig returns what is in effect when nobody says anything.
func defaultConfig() config {
	return config{Config: farm.DefaultConfig(), local: local{OOMScoreAdjust: -1, Update: true, WorkerChecks: true, Storage: worker.StorageAuto, MirrorQuota: 50e9, MirrorLines: 4, FindBlenders: true, WarmBlender: true, StalledAfter: farm.Duration(10 * time.Minute),
		WorkWhen: workAlways, IdleAfter: farm.Duration(5 * time.Minute), GiveBackAfter: farm.Duration(5 * time.Minute), BusyPrograms: []string{"blender"}, BusyCPU: 50}}
}

// check says what of it cannot work, naming the key.
func (l local) check() error {
	if l.StalledAfter < 0 || l.MaxTime < 0 {
		return farm.Errorf(farm.Invalid, "task_stalled_after is %s and task_max_time %s: a duration cannot be negative", l.StalledAfter, l.MaxTime)
	}
	if err := worker.CheckGPURule(l.GPURule); err != nil {
		return err
	}
	if err := worker.CheckStorage(l.Storage); err != nil {
		return err
	}
	if l.MirrorQuota < 0 || l.MirrorRate < 0 {
		return farm.Errorf(farm.Invalid, "mirror_quota is %s and mirror_rate %s: they cannot be negative; 0 means no limit", l.MirrorQuota, l.MirrorRate)
	}
	if l.MirrorLines < 1 || l.MirrorLines > maxMirrorLines {
		return farm.Errorf(farm.Invalid, "mirror_connections is %d: say how many files are fetched or sent at a time, from 1 to %d", l.MirrorLines, maxMirrorLines)
	}
	if l.Watts < 0 || l.Watts > maxWatts {
		return farm.Errorf(farm.Invalid, "watts is %d: say what this computer takes while it renders, at most %d, or 0 if you do not know", l.Watts, maxWatts)
	}
	if _, err := parseFileMode(l.FileMode); err != nil {
		return err
	}
	if err := l.checkSuspend(); err != nil {
		return err
	}
	if _, err := l.ownVariables(); err != nil {
		return err
	}
	if l.Fingerprint != "" {
		if _, err := api.ParseFingerprint(l.Fingerprint); err != nil {
			return farm.Errorf(farm.Invalid, "manager_fingerprint: %w", err)
		}
	}
	return l.checkOwner()
}

// ownVariables returns the worker's own values of variables, by name.
func (l local) ownVariables() (map[string]string, error) {
	own := map[string]string{}
	for _, pair := range l.OwnVariables {
		name, value, _ := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if err := farm.CheckOwnVariable(name, value); err != nil {
			return nil, farm.Errorf(farm.Invalid, "worker_variables: %w", err)
		}
		own[name] = value
	}
	return own, nil
}

// fileMode is FileMode as a number, 0 for none. It was checked.
func (l local) fileMode() fs.FileMode {
	mode, _ := parseFileMode(l.FileMode)
	return mode
}

// parseFileMode reads permissions of files. The worker must be able to read and to
// replace what it saved.
func parseFileMode(text string) (fs.FileMode, error) {
	if text == "" {
		return 0, nil
	}
	mode, err := strconv.ParseUint(text, 8, 16)
	if err != nil || mode > 0o777 || mode&0o600 != 0o600 {
		return 0, farm.Errorf(farm.Invalid, "file_mode is %q: it has to be octal permissions that let the worker read and write, such as 0664", text)
	}
	return fs.FileMode(mode), nil
}

// maxMirrorLines is more connections than any line gets faster by.
const maxMirrorLines = 64

// maxWatts is more than any one computer takes.
const maxWatts = 100_000

// A role is a group of commands that a key matters to. Their flags are given to these
// commands only; farm.yaml and the environment may have all keys at any command,
// because one home often serves several.
type role string

const (
	serving role = "serve" // the manager
	working role = "work"  // a worker
	asking  role = "ask"   // everything that talks to a manager
)

// roles are those of the keys' sides.
var roles = map[farm.KeySide]role{farm.KeyOfManager: serving, farm.KeyOfWorker: working, farm.KeyOfClient: asking}

// managerKey has no default in the table, see managerAddress.
const managerKey = "manager_url"

// keyFlags gives a command the flags of its roles' keys. What is typed is
// checked at once and kept in s.given until config merges it.
func (s *session) keyFlags(c *cobra.Command, wanted ...role) {
	for _, k := range farm.ConfigKeys() {
		if k.Flag == "" || !slices.Contains(wanted, roles[k.Side]) {
			continue
		}
		flags := c.Flags()
		if roles[k.Side] == asking {
			flags = c.PersistentFlags()
		}
		flags.Var(&keyFlag{k, s.given}, k.Flag, k.Usage+" ["+k.Env+"]")
	}
}

// A keyFlag is the flag of one key.
type keyFlag struct {
	key   farm.ConfigKey
	given map[string]string
}

// Set checks and keeps what was typed.
func (f *keyFlag) Set(text string) error {
	var scratch config
	if err := f.key.Set(&scratch, text); err != nil {
		return err
	}
	f.given[f.key.Name] = text
	return nil
}

// String returns the default as help shows it.
func (f *keyFlag) String() string {
	if f.given == nil { // the zero value: pflag compares with it
		return ""
	}
	if text, ok := f.given[f.key.Name]; ok {
		return text
	}
	c := defaultConfig()
	switch v := f.key.Get(&c).(type) {
	case int:
		return strconv.Itoa(v)
	case string:
		return v
	}
	return ""
}

// Type names the kind of value in help, where the usage text does not.
func (f *keyFlag) Type() string { return "value" }
