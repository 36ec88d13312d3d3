package farm

import (
	"encoding/json"
	"strings"
)

// stockKeys are the keys of the compatible system's configuration file, dots
// leading into sections. A section stands for all that is below it.
var stockKeys = []string{"_meta", "manager_name", "database", "database_check_period", "listen", "autodiscoverable",
	"local_manager_storage_path", "shared_storage_path", "shaman.enabled", "shaman.garbageCollect", "task_timeout",
	"worker_timeout", "blocklist_threshold", "task_fail_after_softfail_count", "mqtt", "variables"}

// ForStockClients returns the configuration that a client's file is read into:
// the keys it knows have their defaults, and all others the values of c.
func (c Config) ForStockClients() (Config, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return Config{}, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return Config{}, err
	}
	for _, key := range stockKeys {
		remove(all, strings.Split(key, "."))
	}
	if text, err = json.Marshal(all); err != nil {
		return Config{}, err
	}
	base := DefaultConfig()
	base.Variables, base.Notifications = nil, c.Notifications
	return base, json.Unmarshal(text, &base)
}

// remove takes a key out of nested maps.
func remove(from map[string]any, path []string) {
	if len(path) == 1 {
		delete(from, path[0])
		return
	}
	if below, ok := from[path[0]].(map[string]any); ok {
		remove(below, path[1:])
	}
}

// CheckRemoteChange says which key of c may not be changed from what it is in now
// by somebody who only reaches the manager over the network: those that name files of its
// computer, and who may reach it and join. What is served below /job-files would be any
// folder otherwise, and another database an empty farm.
func (c Config) CheckRemoteChange(now Config) error {
	for _, k := range ManagerKeys() {
		if k.Guarded && !k.Same(&c, &now) {
			return Errorf(Forbidden, "%s can be changed only on the manager's own computer, or with the farm key: edit farm.yaml in its home folder, and restart it. Nothing was changed", k.Name)
		}
	}
	return nil
}
