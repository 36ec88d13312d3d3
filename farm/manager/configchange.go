package manager

import (
	"renderfarm/farm"
)

// SetConfig checks a configuration, writes it to its file and uses it. Keys whose change
// needs a restart change at the next start.
func (m *Manager) SetConfig(c farm.Config) error {
	_, err := m.ChangeConfig(func(farm.Config) (farm.Config, error) { return c, nil })
	return err
}

// ChangeConfig is SetConfig for a change of the configuration that is in force, and tells
// what changed. The change may refuse, and must not take long: others wait.
func (m *Manager) ChangeConfig(change func(now farm.Config) (farm.Config, error)) ([]farm.ConfigChange, error) {
	m.saveMu.Lock()
	defer m.saveMu.Unlock()
	now := m.Config()
	next, err := change(now)
	if err != nil {
		return nil, err
	}
	if err := next.Check(); err != nil {
		return nil, err
	}
	if err := m.saveConfig(now, next); err != nil {
		return nil, err
	}
	return next.ChangesFrom(now), m.use(next)
}

// ReloadConfig reads the file again, uses what it says, and tells what changed. A file with
// a mistake changes nothing.
func (m *Manager) ReloadConfig() ([]farm.ConfigChange, error) {
	if m.loadConfig == nil {
		return nil, farm.Errorf(farm.Unavailable, "this manager has no configuration file")
	}
	m.saveMu.Lock()
	defer m.saveMu.Unlock()
	next, _, err := m.loadConfig()
	if err != nil {
		return nil, err
	}
	now := m.Config()
	return next.ChangesFrom(now), m.use(next)
}

// use has everything follow a configuration. The caller holds saveMu.
func (m *Manager) use(c farm.Config) error {
	now := m.Config()
	m.configure(c)
	m.sweeper.now()
	m.wakeCollector()
	m.wakeKeepers()
	for _, change := range c.ChangesFrom(now) {
		m.log.Info("configuration changed", "key", change.Name, "restart", change.Restart)
	}
	return m.makeStorage()
}

// ConfigSources says of each key where the value in farm.yaml, its environment and its
// flags comes from: default, farm.yaml, a variable or a flag.
func (m *Manager) ConfigSources() (from map[string]string, err error) {
	if m.loadConfig == nil {
		return nil, nil
	}
	m.saveMu.Lock()
	defer m.saveMu.Unlock()
	_, from, err = m.loadConfig()
	return from, err
}

// ConfigPath returns where farm.yaml is, or would be.
func (m *Manager) ConfigPath() string { return m.configPath }

// RestartPending returns the keys that were changed and take effect at the next start.
func (m *Manager) RestartPending() (names []string) {
	m.saveMu.Lock()
	defer m.saveMu.Unlock()
	for _, c := range m.Config().ChangesFrom(m.started) {
		if c.Restart {
			names = append(names, c.Name)
		}
	}
	return names
}

// TookEffect says that the present value of a key is in effect, though its changes need a
// restart otherwise.
func (m *Manager) TookEffect(name string) {
	m.saveMu.Lock()
	defer m.saveMu.Unlock()
	if k, err := farm.FindKey(farm.ManagerKeys(), name); err == nil {
		now := m.Config()
		k.Copy(&m.started, &now)
	}
}
