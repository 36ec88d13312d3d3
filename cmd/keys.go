package cmd

import (
	"fmt"
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
	FindBlenders    bool          `yaml:"find_blenders"`                 // see worker.Options.FindBlenders
	WorkerChecks    bool          `yaml:"worker_checks"`                 // see worker.Options.NoChecks
	StalledAfter    farm.Duration `yaml:"task_stalled_after"`            // 0: never
	MaxTime         farm.Duration `yaml:"task_max_time,omitempty"`       // 0: any time
	FileMode        string        `yaml:"file_mode,omitempty"`           // octal, see worker.Options.FileMode; "": what the umask leaves
	WarmBlender     bool          `yaml:"warm_blender"`                  // see worker.Options.NoWarm
	GPUs            []string      `yaml:"gpus,omitempty"`                // a worker for each of these cards, see worker.ChooseGPUs; nil: one worker
	GPURule         string        `yaml:"gpu,omitempty"`                 // see worker.Options.GPURule
	Watts           int           `yaml:"watts,omitempty"`               // what the computer takes while it renders; 0: not known
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
	return config{Config: farm.DefaultConfig(), local: local{OOMScoreAdjust: -1, WorkerChecks: true, FindBlenders: true, WarmBlender: true, StalledAfter: farm.Duration(10 * time.Minute),
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
	if l.Watts < 0 || l.Watts > maxWatts {
		return farm.Errorf(farm.Invalid, "watts is %d: say what this computer takes while it renders, at most %d, or 0 if you do not know", l.Watts, maxWatts)
	}
	if _, err := parseFileMode(l.FileMode); err != nil {
		return err
	}
	if l.Fingerprint != "" {
		if _, err := api.ParseFingerprint(l.Fingerprint); err != nil {
			return farm.Errorf(farm.Invalid, "manager_fingerprint: %w", err)
		}
	}
	return l.checkOwner()
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

// A key is one value of the configuration, and everywhere it can come from. A
// flag wins over the environment, that over farm.yaml, and that over the default.
type key struct {
	name  string // in farm.yaml; dots lead into sections
	flag  string // "": none
	env   string
	role  role
	usage string            // of the flag, its value's name in backquotes; "" without a flag
	at    func(*config) any // pointer to the value: *string, *int, *float64, *bool, *farm.Duration, *farm.Size or *[]string
}

// keys is the one table of values that flags, the environment and farm.yaml
// share, in the order in which "farm config show" lists them. Sections that
// only the file can say, such as variables, are not in it.
func keys() []key {
	asked := key{managerKey, "manager", "FARM_MANAGER", asking, "`URL` of the manager (default: the one running on this home, else " + defaultManager + ")", func(c *config) any { return &c.ManagerURL }}
	return slices.Concat(managerKeys(), shamanAndMQTTKeys(), []key{
		asked,
		{"manager_fingerprint", "fingerprint", "FARM_FINGERPRINT", asking, "`SHA-256` of the manager's certificate, for https with a self-made one", func(c *config) any { return &c.Fingerprint }},
		{"key_file", "key-file", "FARM_KEY_FILE", asking, "`file` with the farm key (default: farm.key in the home folder; $FARM_KEY goes before both)", func(c *config) any { return &c.KeyFile }},
	}, workerKeys())
}

// managerKeys are the manager's keys outside of sections.
func managerKeys() []key {
	return []key{
		{"manager_name", "manager-name", "FARM_MANAGER_NAME", serving, "name of the farm, shown to its users", func(c *config) any { return &c.ManagerName }},
		{"listen", "listen", "FARM_LISTEN", serving, "`HOST:PORT` to answer on; an empty host means every address, port 0 any free one", func(c *config) any { return &c.Listen }},
		{"shared_storage_path", "shared-storage", "FARM_SHARED_STORAGE", serving, "`folder` that every worker can reach; empty means one inside the home folder", func(c *config) any { return &c.SharedStoragePath }},
		{"allowed_hosts", "", "FARM_ALLOWED_HOSTS", serving, "", func(c *config) any { return &c.AllowedHosts }},
		{"tls", "", "FARM_TLS", serving, "", func(c *config) any { return &c.TLS }},
		{"tls_cert", "", "FARM_TLS_CERT", serving, "", func(c *config) any { return &c.TLSCert }},
		{"tls_key", "", "FARM_TLS_KEY", serving, "", func(c *config) any { return &c.TLSKey }},
		{"trusted_addresses", "", "FARM_TRUSTED_ADDRESSES", serving, "", func(c *config) any { return &c.TrustedAddresses }},
		{"approve_workers", "", "FARM_APPROVE_WORKERS", serving, "", func(c *config) any { return &c.ApproveWorkers }},
		{"local_manager_storage_path", "local-storage", "FARM_LOCAL_STORAGE", serving, "`folder` for task logs and previews; empty means the home folder", func(c *config) any { return &c.LocalManagerStoragePath }},
		{"watch_folder", "watch-folder", "FARM_WATCH_FOLDER", serving, "`folder` in which every .blend that is put there is submitted", func(c *config) any { return &c.WatchFolder }},
		{"database", "", "FARM_DATABASE", serving, "", func(c *config) any { return &c.Database }},
		{"database_check_period", "", "FARM_DATABASE_CHECK_PERIOD", serving, "", func(c *config) any { return &c.DatabaseCheckPeriod }},
		{"backup_period", "", "FARM_BACKUP_PERIOD", serving, "", func(c *config) any { return &c.BackupPeriod }},
		{"backup_keep", "", "FARM_BACKUP_KEEP", serving, "", func(c *config) any { return &c.BackupKeep }},
		{"autodiscoverable", "", "FARM_AUTODISCOVERABLE", serving, "", func(c *config) any { return &c.Autodiscoverable }},
		{"task_timeout", "task-timeout", "FARM_TASK_TIMEOUT", serving, "take a task back from a worker silent for this `long`; 0 means never", func(c *config) any { return &c.TaskTimeout }},
		{"worker_timeout", "worker-timeout", "FARM_WORKER_TIMEOUT", serving, "give a worker up after this `long` without a sign of life; 0 means never", func(c *config) any { return &c.WorkerTimeout }},
		{"blocklist_threshold", "", "FARM_BLOCKLIST_THRESHOLD", serving, "", func(c *config) any { return &c.BlocklistThreshold }},
		{"task_fail_after_softfail_count", "", "FARM_TASK_FAIL_AFTER_SOFTFAIL_COUNT", serving, "", func(c *config) any { return &c.TaskFailAfterSoftfailCount }},
		{"blocklist_forget", "", "FARM_BLOCKLIST_FORGET", serving, "", func(c *config) any { return &c.BlocklistForget }},
		{"blender_match", "", "FARM_BLENDER_MATCH", serving, "", func(c *config) any { return &c.BlenderMatch }},
		{"retry_after_farm_fault", "", "FARM_RETRY_AFTER_FARM_FAULT", serving, "", func(c *config) any { return &c.RetryAfterFarmFault }},
		{"task_slow_factor", "", "FARM_TASK_SLOW_FACTOR", serving, "", func(c *config) any { return &c.SlowFactor }},
		{"task_slow_least", "", "FARM_TASK_SLOW_LEAST", serving, "", func(c *config) any { return &c.SlowLeast }},
		{"task_slow_retry", "", "FARM_TASK_SLOW_RETRY", serving, "", func(c *config) any { return &c.SlowRetry }},
		{"render_last_frames_twice", "", "FARM_RENDER_LAST_FRAMES_TWICE", serving, "", func(c *config) any { return &c.RenderLastFramesTwice }},
		{"price_per_kwh", "", "FARM_PRICE_PER_KWH", serving, "", func(c *config) any { return &c.PricePerKWh }},
		{"max_workers", "", "FARM_MAX_WORKERS", serving, "", func(c *config) any { return &c.MaxWorkers }},
		{"log_slow_requests", "", "FARM_LOG_SLOW_REQUESTS", serving, "", func(c *config) any { return &c.LogSlowRequests }},
		{"registrations_per_minute", "", "FARM_REGISTRATIONS_PER_MINUTE", serving, "", func(c *config) any { return &c.RegistrationsPerMinute }},
		{"script_timeout", "", "FARM_SCRIPT_TIMEOUT", serving, "", func(c *config) any { return &c.ScriptTimeout }},
		{"flamenco_version", "", "FARM_FLAMENCO_VERSION", serving, "", func(c *config) any { return &c.FlamencoVersion }},
	}
}

// shamanAndMQTTKeys are the keys of the manager's sections shaman and mqtt.
func shamanAndMQTTKeys() []key {
	return []key{
		{"shaman.enabled", "", "FARM_SHAMAN", serving, "", func(c *config) any { return &c.Shaman.Enabled }},
		{"shaman.garbageCollect.period", "", "FARM_SHAMAN_PERIOD", serving, "", func(c *config) any { return &c.Shaman.GarbageCollect.Period }},
		{"shaman.garbageCollect.maxAge", "", "FARM_SHAMAN_MAX_AGE", serving, "", func(c *config) any { return &c.Shaman.GarbageCollect.MaxAge }},
		{"shaman.quota", "", "FARM_SHAMAN_QUOTA", serving, "", func(c *config) any { return &c.Shaman.Quota }},
		{"shaman.keepFree", "", "FARM_SHAMAN_KEEP_FREE", serving, "", func(c *config) any { return &c.Shaman.KeepFree }},
		{"mqtt.client.enabled", "", "FARM_MQTT", serving, "", func(c *config) any { return &c.MQTT.Client.Enabled }},
		{"mqtt.client.broker", "", "FARM_MQTT_BROKER", serving, "", func(c *config) any { return &c.MQTT.Client.Broker }},
		{"mqtt.client.clientID", "", "FARM_MQTT_CLIENT_ID", serving, "", func(c *config) any { return &c.MQTT.Client.ClientID }},
		{"mqtt.client.topic_prefix", "", "FARM_MQTT_TOPIC_PREFIX", serving, "", func(c *config) any { return &c.MQTT.Client.TopicPrefix }},
		{"mqtt.client.username", "", "FARM_MQTT_USERNAME", serving, "", func(c *config) any { return &c.MQTT.Client.Username }},
		{secretKey, "", "FARM_MQTT_PASSWORD", serving, "", func(c *config) any { return &c.MQTT.Client.Password }},
	}
}

// workerKeys are the keys of the workers of this computer.
func workerKeys() []key {
	return []key{
		{"worker_name", "name", "FARM_WORKER_NAME", working, "`name` of this worker (default: the name of the computer)", func(c *config) any { return &c.WorkerName }},
		{"task_types", "task-types", "FARM_TASK_TYPES", working, "comma-separated task `types` to take (default: all this worker knows)", func(c *config) any { return &c.TaskTypes }},
		{"restart_exit_code", "restart-exit-code", "FARM_RESTART_EXIT_CODE", working, "exit `status` that makes a service manager start this worker again; 0 means nothing does", func(c *config) any { return &c.RestartExitCode }},
		{"blenders", "blenders", "FARM_BLENDERS", working, "comma-separated `files` and folders with Blenders to use besides those that are found", func(c *config) any { return &c.Blenders }},
		{"find_blenders", "", "FARM_FIND_BLENDERS", working, "", func(c *config) any { return &c.FindBlenders }},
		{"worker_checks", "", "FARM_WORKER_CHECKS", working, "", func(c *config) any { return &c.WorkerChecks }},
		{"task_stalled_after", "", "FARM_TASK_STALLED_AFTER", working, "", func(c *config) any { return &c.StalledAfter }},
		{"task_max_time", "", "FARM_TASK_MAX_TIME", working, "", func(c *config) any { return &c.MaxTime }},
		{"file_mode", "", "FARM_FILE_MODE", working, "", func(c *config) any { return &c.FileMode }},
		{"warm_blender", "", "FARM_WARM_BLENDER", working, "", func(c *config) any { return &c.WarmBlender }},
		{"gpus", "gpus", "FARM_GPUS", working, "comma-separated graphics `cards`, each of which gets a worker: all, numbers, UUIDs or names", func(c *config) any { return &c.GPUs }},
		{"gpu", "", "FARM_GPU", working, "", func(c *config) any { return &c.GPURule }},
		{"watts", "", "FARM_WATTS", working, "", func(c *config) any { return &c.Watts }},
		{"work_when", "", "FARM_WORK_WHEN", working, "", func(c *config) any { return &c.WorkWhen }},
		{"idle_after", "", "FARM_IDLE_AFTER", working, "", func(c *config) any { return &c.IdleAfter }},
		{"give_back_after", "", "FARM_GIVE_BACK_AFTER", working, "", func(c *config) any { return &c.GiveBackAfter }},
		{"busy_programs", "", "FARM_BUSY_PROGRAMS", working, "", func(c *config) any { return &c.BusyPrograms }},
		{"busy_cpu", "", "FARM_BUSY_CPU", working, "", func(c *config) any { return &c.BusyCPU }},
		{"nice", "", "FARM_NICE", working, "", func(c *config) any { return &c.Nice }},
		{"ionice", "", "FARM_IONICE", working, "", func(c *config) any { return &c.IOTime }},
		{"cpu_limit", "", "FARM_CPU_LIMIT", working, "", func(c *config) any { return &c.CPULimit }},
		{"memory_limit", "", "FARM_MEMORY_LIMIT", working, "", func(c *config) any { return &c.MemoryLimit }},
		{"oom_score_adjust", "", "FARM_OOM_SCORE_ADJUST", working, "", func(c *config) any { return &c.OOMScoreAdjust }},
	}
}

const (
	secretKey  = "mqtt.client.password" // never shown
	managerKey = "manager_url"          // has no default in the table, see managerURL
)

// set reads the value from its text form.
func (k key) set(c *config, text string) (err error) {
	switch p := k.at(c).(type) {
	case *string:
		*p = text
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			err = fmt.Errorf("%q is not a whole number", text)
		}
	case *float64:
		if *p, err = strconv.ParseFloat(text, 64); err != nil {
			err = fmt.Errorf("%q is not a number", text)
		}
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
	case *farm.Duration:
		err = p.UnmarshalText([]byte(text))
	case *farm.Size:
		err = p.UnmarshalText([]byte(text))
	case *[]string:
		*p = splitList(text)
	}
	return err
}

// get returns the value: a string, int, float64, bool or []string. Durations and sizes are text.
func (k key) get(c *config) any {
	switch p := k.at(c).(type) {
	case *string:
		return *p
	case *int:
		return *p
	case *bool:
		return *p
	case *float64:
		return *p
	case *farm.Duration:
		return p.String()
	case *farm.Size:
		text, _ := p.MarshalText() // never fails
		return string(text)
	case *[]string:
		return slices.Clone(*p)
	}
	return nil
}

// copy takes the value from another configuration.
func (k key) copy(to, from *config) {
	switch p := k.at(to).(type) {
	case *string:
		*p = *k.at(from).(*string)
	case *int:
		*p = *k.at(from).(*int)
	case *bool:
		*p = *k.at(from).(*bool)
	case *float64:
		*p = *k.at(from).(*float64)
	case *farm.Duration:
		*p = *k.at(from).(*farm.Duration)
	case *farm.Size:
		*p = *k.at(from).(*farm.Size)
	case *[]string:
		*p = slices.Clone(*k.at(from).(*[]string))
	}
}

// splitList reads a comma-separated list; blanks and empty items do not count.
func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// keyFlags gives a command the flags of its roles' keys. What is typed is
// checked at once and kept in s.given until config merges it.
func (s *session) keyFlags(c *cobra.Command, roles ...role) {
	for _, k := range keys() {
		if k.flag == "" || !slices.Contains(roles, k.role) {
			continue
		}
		flags := c.Flags()
		if k.role == asking {
			flags = c.PersistentFlags()
		}
		flags.Var(&keyFlag{k, s.given}, k.flag, k.usage+" ["+k.env+"]")
	}
}

// A keyFlag is the flag of one key.
type keyFlag struct {
	key   key
	given map[string]string
}

// Set checks and keeps what was typed.
func (f *keyFlag) Set(text string) error {
	var scratch config
	if err := f.key.set(&scratch, text); err != nil {
		return err
	}
	f.given[f.key.name] = text
	return nil
}

// String returns the default as help shows it.
func (f *keyFlag) String() string {
	if f.given == nil { // the zero value: pflag compares with it
		return ""
	}
	if text, ok := f.given[f.key.name]; ok {
		return text
	}
	c := defaultConfig()
	switch v := f.key.get(&c).(type) {
	case int:
		return strconv.Itoa(v)
	case string:
		return v
	}
	return ""
}

// Type names the kind of value in help, where the usage text does not.
func (f *keyFlag) Type() string { return "value" }
