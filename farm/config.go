package farm

import (
	"fmt"
	"runtime"
	"time"
)

// Config is the manager's configuration, farm.yaml. Keys that mean the same in
// the compatible system have the same names; its JSON form is that of the v3
// configuration file.
type Config struct {
	Meta                       ConfigMeta `yaml:"_meta" json:"_meta"`
	ManagerName                string     `yaml:"manager_name" json:"manager_name"`
	Database                   string     `yaml:"database" json:"database"` // file name inside home
	DatabaseCheckPeriod        Duration   `yaml:"database_check_period" json:"database_check_period"`
	Listen                     string     `yaml:"listen" json:"listen"` // HOST:PORT; an empty host means every address
	Autodiscoverable           bool       `yaml:"autodiscoverable" json:"autodiscoverable"`
	LocalManagerStoragePath    string     `yaml:"local_manager_storage_path" json:"local_manager_storage_path"` // task logs and previews; "" means home
	SharedStoragePath          string     `yaml:"shared_storage_path" json:"shared_storage_path"`               // "" means a folder inside home
	Shaman                     Shaman     `yaml:"shaman" json:"shaman"`
	TaskTimeout                Duration   `yaml:"task_timeout" json:"task_timeout"`
	WorkerTimeout              Duration   `yaml:"worker_timeout" json:"worker_timeout"`
	BlocklistThreshold         int        `yaml:"blocklist_threshold" json:"blocklist_threshold"`
	TaskFailAfterSoftfailCount int        `yaml:"task_fail_after_softfail_count" json:"task_fail_after_softfail_count"`
	MQTT                       MQTT       `yaml:"mqtt" json:"mqtt"`
	Variables                  Variables  `yaml:"variables" json:"variables"`

	// BlocklistForget is how long a worker stays blocked from a type of tasks in
	// a job; 0 is until a user lifts the block.
	BlocklistForget Duration `yaml:"blocklist_forget" json:"blocklist_forget"`
	// RetryAfterFarmFault is how long a job is held after a fault that all workers
	// have, such as a full disk; 0 is until a user resumes it.
	RetryAfterFarmFault Duration `yaml:"retry_after_farm_fault" json:"retry_after_farm_fault"`
	// BlenderMatch is which Blenders may open the file of a job that does not say:
	// same, newer or any.
	BlenderMatch string `yaml:"blender_match" json:"blender_match"`
	// SlowFactor is how many times the median of its job's tasks of the type a task
	// takes before it is told of; 0: never. SlowLeast is what that is at least, and
	// with SlowRetry another worker tries it then, once.
	SlowFactor int      `yaml:"task_slow_factor" json:"task_slow_factor"`
	SlowLeast  Duration `yaml:"task_slow_least" json:"task_slow_least"`
	SlowRetry  bool     `yaml:"task_slow_retry" json:"task_slow_retry"`
	// RenderLastFramesTwice lets an idle worker render a frame that another one is
	// expected to need longer for; the first to be done has rendered it.
	RenderLastFramesTwice bool `yaml:"render_last_frames_twice" json:"render_last_frames_twice"`
	// PricePerKWh is what a kilowatt hour costs, in whatever currency; 0: not known.
	PricePerKWh float64 `yaml:"price_per_kwh" json:"price_per_kwh"`
	// FlamencoVersion is the version reported to stock add-ons, which compare
	// it with their own for equality.
	FlamencoVersion string `yaml:"flamenco_version" json:"flamenco_version"`
	// AllowedHosts are names by which the manager may be asked, besides IP addresses
	// and names that exist only in the local network; "*" allows all.
	AllowedHosts []string `yaml:"allowed_hosts,omitempty" json:"allowed_hosts"`
	// TLS is how the manager encrypts: "" not at all, unless TLSCert is set; TLSSelf.
	TLS string `yaml:"tls,omitempty" json:"tls"`
	// TLSCert and TLSKey are files with a certificate and its private key, in PEM.
	TLSCert string `yaml:"tls_cert,omitempty" json:"tls_cert"`
	TLSKey  string `yaml:"tls_key,omitempty" json:"tls_key"`
	// TrustedAddresses are IP addresses and networks whose requests need no farm key.
	TrustedAddresses []string `yaml:"trusted_addresses,omitempty" json:"trusted_addresses"`
	// ApproveWorkers has new workers wait until somebody approves them.
	ApproveWorkers bool `yaml:"approve_workers" json:"approve_workers"`
	// RegistrationsPerMinute bounds how many workers of one address may register in a
	// minute, and ten times as many of all; 0 means no limit.
	RegistrationsPerMinute int `yaml:"registrations_per_minute" json:"registrations_per_minute"`
	// MaxWorkers bounds how many workers may be registered; 0 means no limit.
	MaxWorkers int `yaml:"max_workers" json:"max_workers"`
	// BackupPeriod is how often the database is backed up; 0 is never.
	BackupPeriod Duration `yaml:"backup_period" json:"backup_period"`
	// BackupKeep is how many backups of each kind are kept, at least 1.
	BackupKeep int `yaml:"backup_keep" json:"backup_keep"`
	// LogSlowRequests is how long the manager takes for a request before it is
	// logged; 0 is never.
	LogSlowRequests Duration `yaml:"log_slow_requests" json:"log_slow_requests"`
	// Mirrors lets workers without the shared storage fetch and send its files.
	Mirrors bool `yaml:"mirrors" json:"mirrors"`
	// MirrorMaxFile bounds a file that such a worker sends; 0: no bound.
	MirrorMaxFile Size `yaml:"mirror_max_file" json:"mirror_max_file"`
	// Notifications says who is told of what. It has passwords and is not of the v3
	// protocol, so it is no part of that configuration file.
	Notifications Notifications `yaml:"notifications,omitempty" json:"-"`
	// ScriptTimeout bounds what a script may compute to plan one job.
	ScriptTimeout Duration `yaml:"script_timeout" json:"script_timeout"`
}

// ConfigMeta is the version of the file's format.
type ConfigMeta struct {
	Version int `yaml:"version" json:"version"`
}

// Shaman configures the content-addressed file store for submissions.
type Shaman struct {
	Enabled        bool           `yaml:"enabled" json:"enabled"`
	GarbageCollect GarbageCollect `yaml:"garbageCollect" json:"garbageCollect"`

	// Quota bounds what stored files may take; 0: no bound.
	Quota Size `yaml:"quota" json:"quota"`
	// KeepFree is what uploads leave free on the disk of the shared storage.
	KeepFree Size `yaml:"keepFree" json:"keepFree"`
}

// GarbageCollect says when files nothing refers to are removed.
type GarbageCollect struct {
	Period Duration `yaml:"period" json:"period"` // 0: never
	MaxAge Duration `yaml:"maxAge" json:"maxAge"`
}

// MQTT configures the connection to a message broker.
type MQTT struct {
	Client MQTTClient `yaml:"client" json:"client"`
}

// MQTTClient is the manager as a client of a broker.
type MQTTClient struct {
	Enabled     bool   `yaml:"enabled" json:"enabled"`
	Broker      string `yaml:"broker" json:"broker"`
	ClientID    string `yaml:"clientID" json:"clientID"`
	TopicPrefix string `yaml:"topic_prefix" json:"topic_prefix"`
	Username    string `yaml:"username" json:"username"`
	Password    string `yaml:"password" json:"password"`
}

// TLSSelf is the value of Config.TLS for a certificate that Farm makes itself.
const TLSSelf = "self"

// ConfigVersion is the format this program reads and writes.
const ConfigVersion = 3

// DefaultConfig returns the configuration of a farm nobody configured. It works.
func DefaultConfig() Config {
	return Config{
		Meta:                       ConfigMeta{Version: ConfigVersion},
		ManagerName:                "Farm",
		Database:                   "farm.db",
		DatabaseCheckPeriod:        Duration(10 * time.Minute),
		Listen:                     ":8080",
		Autodiscoverable:           true,
		Shaman:                     defaultShaman(),
		TaskTimeout:                Duration(10 * time.Minute),
		WorkerTimeout:              Duration(time.Minute),
		BlocklistThreshold:         3,
		TaskFailAfterSoftfailCount: 3,
		MQTT:                       MQTT{Client: MQTTClient{ClientID: "farm", TopicPrefix: "flamenco"}},
		Variables:                  DefaultVariables(),
		BlocklistForget:            Duration(24 * time.Hour),
		RetryAfterFarmFault:        Duration(10 * time.Minute),
		BlenderMatch:               MatchSame.String(),
		SlowFactor:                 10,
		SlowLeast:                  Duration(5 * time.Minute),
		RenderLastFramesTwice:      true,
		FlamencoVersion:            "3.8.5",
		RegistrationsPerMinute:     100,
		MaxWorkers:                 5000,
		BackupPeriod:               Duration(24 * time.Hour),
		BackupKeep:                 7,
		LogSlowRequests:            Duration(time.Second),
		ScriptTimeout:              Duration(10 * time.Second),
		Mirrors:                    true,
		MirrorMaxFile:              100e9,
	}
}

// defaultShaman returns a file store that is switched on where symbolic links
// need no rights of their own.
func defaultShaman() Shaman {
	return Shaman{
		Enabled:        runtime.GOOS != "windows",
		GarbageCollect: GarbageCollect{Period: Duration(24 * time.Hour), MaxAge: Duration(31 * 24 * time.Hour)},
		KeepFree:       1e9,
	}
}

// DefaultVariables returns the variables every farm has unless it redefines them.
func DefaultVariables() Variables {
	return Variables{
		"blender": {Values: []VariableValue{
			{Platform: "linux", Value: "blender"}, {Platform: "darwin", Value: "blender"}, {Platform: "windows", Value: "blender.exe"}}},
		"blenderArgs": {Values: []VariableValue{{Platform: PlatformAll, Value: "-b -y"}}},
	}
}

// Check says what of the configuration cannot work, naming the key.
func (c *Config) Check() error {
	if c.Meta.Version != ConfigVersion {
		return Errorf(Invalid, "_meta.version is %d, and this version of Farm reads version %d: see the upgrade notes", c.Meta.Version, ConfigVersion)
	}
	for _, d := range []struct {
		key   string
		value Duration
	}{{"task_timeout", c.TaskTimeout}, {"worker_timeout", c.WorkerTimeout}, {"database_check_period", c.DatabaseCheckPeriod},
		{"log_slow_requests", c.LogSlowRequests}, {"script_timeout", c.ScriptTimeout}, {"backup_period", c.BackupPeriod}, {"blocklist_forget", c.BlocklistForget}, {"retry_after_farm_fault", c.RetryAfterFarmFault}, {"task_slow_least", c.SlowLeast}, {"shaman.garbageCollect.period", c.Shaman.GarbageCollect.Period},
		{"shaman.garbageCollect.maxAge", c.Shaman.GarbageCollect.MaxAge}} {
		if d.value < 0 {
			return Errorf(Invalid, "%s is %s: a duration cannot be negative", d.key, d.value)
		}
	}
	if c.MirrorMaxFile < 0 {
		return Errorf(Invalid, "mirror_max_file is %s: it cannot be negative; 0 means no limit", c.MirrorMaxFile)
	}
	if c.MaxWorkers < 0 {
		return Errorf(Invalid, "max_workers is %d: it cannot be negative; 0 means no limit", c.MaxWorkers)
	}
	if c.RegistrationsPerMinute < 0 {
		return Errorf(Invalid, "registrations_per_minute is %d: it cannot be negative; 0 means any number", c.RegistrationsPerMinute)
	}
	if c.TLS != "" && c.TLS != TLSSelf {
		return Errorf(Invalid, "tls is %q: write self for a certificate that Farm makes, or leave it out and name yours in tls_cert and tls_key", c.TLS)
	}
	if _, err := ParseNetworks(c.TrustedAddresses); err != nil {
		return Errorf(Invalid, "trusted_addresses: %w", err)
	}
	if c.BackupKeep < 1 || c.BackupKeep > maxBackups {
		return Errorf(Invalid, "backup_keep is %d: say how many backups are kept, from 1 to %d; backup_period 0 turns backups off", c.BackupKeep, maxBackups)
	}
	if c.BackupPeriod > 0 && c.BackupPeriod < Duration(time.Minute) {
		return Errorf(Invalid, "backup_period is %s: use a minute or more, or 0 for no backups", c.BackupPeriod)
	}
	if c.BlocklistThreshold < 0 || c.TaskFailAfterSoftfailCount < 0 {
		return Errorf(Invalid, "blocklist_threshold and task_fail_after_softfail_count cannot be negative")
	}
	if _, ok := ParseBlenderMatch(c.BlenderMatch); !ok && c.BlenderMatch != "" { // other programs leave it out
		return Errorf(Invalid, "blender_match is %q: choose same, newer or any", c.BlenderMatch)
	}
	if c.SlowFactor < 0 || c.SlowFactor == 1 || c.SlowFactor > 1e6 {
		return Errorf(Invalid, "task_slow_factor is %d: say how many times as long as usual a slow task takes, from 2 to a million; 0 turns it off", c.SlowFactor)
	}
	if !(c.PricePerKWh >= 0 && c.PricePerKWh < 1e6) { // nor a NaN
		return Errorf(Invalid, "price_per_kwh is %v: say what a kilowatt hour costs, like 0.30, or 0 if you do not know", c.PricePerKWh)
	}
	if c.Database == "" {
		return Errorf(Invalid, "database is empty: leave the key out, or name a file (default %q)", "farm.db")
	}
	if err := c.Notifications.Check(); err != nil {
		return err
	}
	return c.Variables.Check()
}

// maxBackups is more backups than anybody looks through.
const maxBackups = 1000

// Duration is a time.Duration that reads and writes as text ("10m0s").
type Duration time.Duration

// String returns Go's notation.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes Go's notation.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads Go's notation; a bare 0 is allowed.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it like 30s, 10m or 24h", text)
	}
	*d = Duration(v)
	return nil
}
