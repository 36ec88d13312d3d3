package manager

import (
	"os"
	"path/filepath"
	"sync"

	"renderfarm/farm"
)

// configured is a configuration and what is made of it. It never changes: a
// change of the configuration makes a new one.
type configured struct {
	farm.Config
	goos    string
	storage string

	mu        sync.Mutex // guards expanders; nothing else is taken while it is held
	expanders map[string]*farm.Expander
}

func (m *Manager) configure(c farm.Config) {
	storage := c.SharedStoragePath
	if storage == "" {
		storage = filepath.Join(m.home, "storage")
	}
	m.config.Store(&configured{Config: c, goos: m.goos, storage: storage, expanders: map[string]*farm.Expander{}})
}

// makeStorage creates the folder that is the shared storage of a farm nobody
// configured. One that was configured is left alone: if it is not there, it is
// not mounted, and a folder in its place would hide that.
func (m *Manager) makeStorage() error {
	if m.Config().SharedStoragePath != "" {
		return nil
	}
	if err := os.MkdirAll(m.Storage(), 0o755); err != nil {
		return farm.Errorf(farm.Invalid, "cannot create the folder for the jobs' files and frames: %w; set shared_storage_path in farm.yaml to a folder that can be written to", err)
	}
	return nil
}

// maxPlatforms bounds the expanders kept; workers name their platform themselves.
const maxPlatforms = 16

// expander returns what fills in the variables for workers of a platform.
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

// Config returns the configuration in force.
func (m *Manager) Config() farm.Config { return m.config.Load().Config }

// SetConfig checks a configuration, writes it to its file and uses it. What the
// address, the database and the time-outs are changes at the next start.
func (m *Manager) SetConfig(c farm.Config) error {
	if err := c.Check(); err != nil {
		return err
	}
	m.saveMu.Lock()
	defer m.saveMu.Unlock()
	if err := m.saveConfig(c); err != nil {
		return err
	}
	m.configure(c)
	return nil
}

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

// Version returns the version of this program, and the commit it was built from.
func (m *Manager) Version() (version, commit string) { return m.version, m.commit }
