package server

import (
	"net/http"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// fetchConfiguration tells all keys of the manager, with their values and what people
// need to know to change them.
func (s *Server) fetchConfiguration(w http.ResponseWriter, r *http.Request) error {
	from, err := s.m.ConfigSources()
	if err != nil { // somebody edits the file: the values in force can be told all the same
		s.log.Warn("the configuration file has a mistake, and is not used before it is corrected", "error", err)
	}
	config, defaults, pending := s.m.Config(), farm.DefaultConfig(), s.m.RestartPending()
	answer := api.FarmConfiguration{File: s.m.ConfigPath(), MayChangeGuarded: s.mayManage(r), Pending: append([]string{}, pending...)}
	for _, k := range farm.ManagerKeys() {
		key := api.ConfigurationKey{Name: k.Name, Label: k.Title(), Group: k.Group, Kind: string(k.Kind), Choices: slices.Clone(k.Choices), About: k.About, Unit: k.Unit,
			Least: k.Least, Most: k.Most, Zero: k.Zero, Empty: k.Empty, See: pageOf(k.See), Restart: k.Restart, Guarded: k.Guarded, Value: told(k, &config), Default: told(k, &defaults), From: from[k.Name]}
		answer.Keys = append(answer.Keys, key)
	}
	answer.Keys = append(answer.Keys, api.ConfigurationKey{Name: farm.VariablesKey, Label: "Variables", Group: "Variables", Kind: farm.VariablesKey,
		About: "Names in braces that stand for a different value on each platform.", See: pageOf("variables.md"), Value: config.Variables, Default: defaults.Variables, From: from[farm.VariablesKey]})
	return writeJSON(w, http.StatusOK, answer)
}

// told is the value of a key for those who ask. A secret is told to nobody.
func told(k farm.ConfigKey, config *farm.Config) any {
	if k.Kind == farm.KindSecret {
		return ""
	}
	return k.Get(config)
}

// pageOf returns a page of the documentation as the manager serves it.
func pageOf(see string) string {
	if see == "" {
		return ""
	}
	return "docs/" + strings.Replace(see, ".md", ".html", 1)
}

// changeConfiguration gives keys other values. Those that are not named stay as they are.
func (s *Server) changeConfiguration(w http.ResponseWriter, r *http.Request) error {
	var wanted api.ConfigurationChanges
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	change := func(now farm.Config) (farm.Config, error) {
		next, err := now.With(wanted.Changes)
		if err == nil && !s.mayManage(r) {
			err = next.CheckRemoteChange(now)
		}
		return next, err
	}
	if wanted.Check {
		now := s.m.Config()
		next, err := change(now)
		if err != nil {
			return err
		}
		return answerChanges(w, next.ChangesFrom(now))
	}
	changes, err := s.m.ChangeConfig(change)
	if err != nil {
		return err
	}
	return answerChanges(w, changes)
}

// reloadConfiguration has the manager read its file again.
func (s *Server) reloadConfiguration(w http.ResponseWriter, r *http.Request) error {
	if !s.mayManage(r) {
		return farm.Errorf(farm.Forbidden, "the configuration file can be read again only on the manager's own computer, or with the farm key")
	}
	changes, err := s.m.ReloadConfig()
	if err != nil {
		return err
	}
	return answerChanges(w, changes)
}

// answerChanges tells what changed.
func answerChanges(w http.ResponseWriter, changes []farm.ConfigChange) error {
	answer := api.ConfigurationChanged{Changes: make([]api.ConfigurationChange, len(changes))}
	for i, c := range changes {
		answer.Changes[i] = api.ConfigurationChange(c)
	}
	return writeJSON(w, http.StatusOK, answer)
}
