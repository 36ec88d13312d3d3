package api

// FarmConfiguration answers fetchConfiguration: the manager's configuration with all that a
// page needs to have people change it.
type FarmConfiguration struct {
	File             string                 `json:"file"`               // farm.yaml, on the manager
	MayChangeGuarded bool                   `json:"may_change_guarded"` // whoever asked may change guarded keys
	Pending          List[string]           `json:"pending"`            // keys whose change takes effect at the next start
	Keys             List[ConfigurationKey] `json:"keys"`
}

// ConfigurationKey is one key, see farm.ConfigKey.
type ConfigurationKey struct {
	Name    string   `json:"name"`
	Label   string   `json:"label"`
	Group   string   `json:"group"`
	Kind    string   `json:"kind"` // one of farm's kinds, or "variables"
	Choices []string `json:"choices,omitempty"`
	About   string   `json:"about"`
	Unit    string   `json:"unit,omitempty"`
	Least   string   `json:"least,omitempty"`
	Most    string   `json:"most,omitempty"`
	Zero    string   `json:"zero,omitempty"`  // what 0 means
	Empty   string   `json:"empty,omitempty"` // what an empty value means
	See     string   `json:"see,omitempty"`   // page of the documentation, relative to the manager's address
	Restart bool     `json:"restart"`
	Guarded bool     `json:"guarded"`
	Value   any      `json:"value"` // a text, number, truth value or list of texts; durations and sizes are texts
	Default any      `json:"default"`
	From    string   `json:"from"` // default, farm.yaml, or the variable or flag that goes before it; "" if not known
}

// ConfigurationChanges is the request of changeConfiguration: the new values by key,
// null for the default.
type ConfigurationChanges struct {
	Changes Object[any] `json:"changes"`
	Check   bool        `json:"check" api:"optional"` // only say what would change
}

// ConfigurationChanged answers changeConfiguration and reloadConfiguration.
type ConfigurationChanged struct {
	Changes List[ConfigurationChange] `json:"changes"` // keys whose value is another one now
}

// ConfigurationChange is one changed key.
type ConfigurationChange struct {
	Name    string `json:"name"`
	From    any    `json:"from"`
	To      any    `json:"to"`
	Restart bool   `json:"restart"` // it takes effect at the next start
}
