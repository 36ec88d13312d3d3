package manager

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/store/blobs"
	"renderfarm/store/share"
)

// configured is a configuration with what is derived from it. It is immutable:
// changing the configuration makes a new one.
type configured struct {
	farm.Config
	goos    string
	shared  string       // the shared storage
	storage string       // where jobs go: the shared storage, or its folder jobs
	blobs   *blobs.Store // in the shared storage; also when it is switched off
	opened  blobs.Options
	share   *share.Share // the shared storage, for workers that do not have it

	mu        sync.Mutex // guards expanders; nothing else is taken while it is held
	expanders map[string]*farm.Expander
}

// stockPolling is how long an idle worker of the compatible system is silent at
// most: it asks for a task every 20 seconds, give or take a tenth. After an error
// it is a minute.
const stockPolling = 22 * time.Second

// warnOfTimeout tells of a worker_timeout with which workers that are well are lost
// again and again.
func (m *Manager) warnOfTimeout(c farm.Config) {
	if timeout := time.Duration(c.WorkerTimeout); timeout > 0 && timeout <= stockPolling {
		m.log.Warn("worker_timeout is shorter than the pauses of Flamenco's workers between two requests, so they will be taken for lost while they wait for work. Farm's workers are fine; for others set it to at least 1m",
			"worker_timeout", timeout, "pause", stockPolling)
	}
}

func (m *Manager) configure(c farm.Config) {
	if old := m.config.Load(); old == nil || old.WorkerTimeout != c.WorkerTimeout {
		m.warnOfTimeout(c)
	}
	next := &configured{Config: c, goos: m.goos, shared: sharedStorage(c, m.home), expanders: map[string]*farm.Expander{}}
	next.storage = next.shared
	if c.Shaman.Enabled {
		next.storage = filepath.Join(next.shared, "jobs")
	}
	next.opened = storeOptions(c, m.home, m.log)
	old := m.config.Load()
	if old != nil && old.opened == next.opened {
		next.blobs, next.share = old.blobs, old.share
	} else {
		next.blobs, next.share = blobs.New(next.opened), share.New(next.shared, next.opened.KeepFree)
	}
	m.config.Store(next)
	if old != nil && old.blobs != next.blobs {
		m.done.Go(old.blobs.Close)
	}
}

// sharedStorage returns the shared storage of a configuration.
func sharedStorage(c farm.Config, home string) string {
	if c.SharedStoragePath == "" {
		return filepath.Join(home, "storage")
	}
	return c.SharedStoragePath
}

// storeOptions returns the options of the file store.
func storeOptions(c farm.Config, home string, log *slog.Logger) blobs.Options {
	return blobs.Options{Dir: sharedStorage(c, home), Quota: int64(c.Shaman.Quota), KeepFree: int64(c.Shaman.KeepFree), Log: log}
}

// makeStorage creates the default shared storage. A configured one is not created:
// if it does not exist it is not mounted, and a folder in its place would hide
// that. Only the folder for jobs is created in it.
func (m *Manager) makeStorage() error {
	c := m.config.Load()
	if c.SharedStoragePath == "" {
		if err := os.MkdirAll(c.shared, 0o755); err != nil {
			return farm.Errorf(farm.Invalid, "cannot create the folder for the jobs' files and frames: %w; set shared_storage_path in farm.yaml to a folder that can be written to", err)
		}
	}
	if !c.Shaman.Enabled {
		return nil
	}
	if err := os.Mkdir(c.storage, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		m.log.Warn("the shared storage cannot be used: is it mounted, and may the manager write to it?", "path", c.shared, "error", err)
	}
	return nil
}

// maxPlatforms bounds the expanders kept; workers name their platform themselves.
const maxPlatforms = 16

// A recipient is a worker that gets a task, as far as variables have values for it.
type recipient struct {
	platform string
	own      map[string]string // its own values, which go before those of the platform
}

// recipientOf returns what variables have to know of a worker. Facts are replaced, and never changed.
func recipientOf(w *farm.Worker) recipient {
	r := recipient{platform: w.Platform}
	if w.Facts != nil {
		r.own = w.Facts.Variables
	}
	return r
}

// expanderFor returns the Expander for a worker.
func (c *configured) expanderFor(r recipient) *farm.Expander {
	if len(r.own) == 0 {
		return c.expander(r.platform)
	}
	return farm.NewWorkerExpander(c.Variables, r.own, r.platform, c.goos, c.storage)
}

// expander returns the Expander for workers of a platform.
func (c *configured) expander(platform string) *farm.Expander {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.expanders[platform]; ok {
		return e
	}
	e := farm.NewExpander(c.Variables, farm.AudienceWorkers, platform, c.goos, c.storage)
	if len(c.expanders) < maxPlatforms {
		c.expanders[platform] = e
	}
	return e
}

// DefaultStorage returns the shared storage of a farm for which nobody chose one.
func (m *Manager) DefaultStorage() string { return sharedStorage(farm.Config{}, m.home) }

// Home returns the folder for all that the manager keeps.
func (m *Manager) Home() string { return m.home }

// Config returns the configuration in force.
func (m *Manager) Config() farm.Config { return m.config.Load().Config }

// Variables returns the values of the variables for an audience and a platform.
func (m *Manager) Variables(audience, platform string) map[string]farm.VariableSummary {
	c := m.config.Load()
	values := c.Variables.Values(audience, platform)
	values[farm.VarJobs] = farm.VariableSummary{Value: filepath.ToSlash(c.storage)}
	return values
}

// SharedStorage returns the shared storage as a platform sees it.
func (m *Manager) SharedStorage(audience, platform string) string {
	c := m.config.Load()
	if platform == m.goos {
		return c.storage
	}
	// Two-way variables say what a folder of this machine is called elsewhere.
	return farm.NewExpander(c.Variables, audience, platform, m.goos, c.storage).Text(c.storage)
}

// FarmID returns what tells this farm from others, whatever it is called and wherever it is.
func (m *Manager) FarmID() string { return m.id.String() }

// SharedFolder returns the shared storage itself, in which jobs have a folder.
func (m *Manager) SharedFolder() string { return m.config.Load().shared }

// Version returns the version of this program, and the commit it was built from.
func (m *Manager) Version() (version, commit string) { return m.version, m.commit }
