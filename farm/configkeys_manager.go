package farm

import "slices"

// The groups of the manager's keys.
const (
	groupFarm      = "Farm"
	groupNetwork   = "Network and security"
	groupStorage   = "Storage"
	groupDatabase  = "Database and backups"
	groupFileStore = "File store"
	groupFailures  = "Time-outs and failures"
	groupRendering = "Rendering"
	groupBroker    = "Message broker"
	groupOthers    = "Compatibility"
)

// managerKeys are the keys of the manager. Those of one section come one after the other.
func managerKeys() []ConfigKey {
	return of(KeyOfManager, generalKeys(), networkKeys(), storageKeys(), failureKeys(), renderingKeys(), brokerKeys())
}

// of gives keys their side.
func of(side KeySide, lists ...[]ConfigKey) []ConfigKey {
	all := slices.Concat(lists...)
	for i := range all {
		all[i].Side = side
	}
	return all
}

func generalKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "manager_name", Flag: "manager-name", Env: "FARM_MANAGER_NAME", Group: groupFarm, Kind: KindText, Label: "Name of the farm",
			Usage: "name of the farm, shown to its users", About: "Shown in the web page and the add-on."},
		{Name: "price_per_kwh", Env: "FARM_PRICE_PER_KWH", Group: groupFarm, Kind: KindNumber, Label: "Price of a kilowatt hour", Least: "0", Most: "999999", Zero: "not known",
			About: "What a kilowatt hour costs, in your currency, such as 0.30. farm jobs show and the API then say what a job cost. Needs watts of the workers."},
		{Name: "max_workers", Env: "FARM_MAX_WORKERS", Group: groupFarm, Kind: KindInteger, Label: "Most workers", Least: "0", Zero: "any number", Unit: "workers",
			About: "How many workers may be registered."},
		{Name: "script_timeout", Env: "FARM_SCRIPT_TIMEOUT", Group: groupFarm, Kind: KindDuration, Label: "Computing time of a job type", Least: "0", Restart: true,
			About: "How much computing time a job type has to plan one job."},
		{Name: "log_slow_requests", Env: "FARM_LOG_SLOW_REQUESTS", Group: groupFarm, Kind: KindDuration, Least: "0", Zero: "none", See: "monitoring.md#the-log",
			About: "Requests that take the manager this long are logged."},
	}
}

func networkKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "listen", Flag: "listen", Env: "FARM_LISTEN", Group: groupNetwork, Kind: KindText, Label: "Address", Restart: true, Guarded: true,
			Usage: "`HOST:PORT` to answer on; an empty host means every address, port 0 any free one",
			About: "HOST:PORT on which the manager answers. No host means all addresses, port 0 any free port."},
		{Name: "autodiscoverable", Env: "FARM_AUTODISCOVERABLE", Group: groupNetwork, Kind: KindBoolean, Label: "Can be found by workers", Restart: true,
			See:   "worker.md#finding-the-manager",
			About: "Whether workers find the manager by themselves."},
		{Name: "allowed_hosts", Env: "FARM_ALLOWED_HOSTS", Group: groupNetwork, Kind: KindList, Label: "Further names", Guarded: true, See: "configuration.md#by-which-names-it-can-be-reached",
			About: "Further names by which browsers, workers and the add-on may ask the manager."},
		{Name: "tls", Env: "FARM_TLS", Group: groupNetwork, Kind: KindChoice, Label: "Encryption", Choices: []string{"", TLSSelf}, Restart: true, Guarded: true, See: "security.md#encryption",
			About: "self encrypts with a certificate that Farm makes and keeps in the folder tls of the home folder."},
		{Name: "tls_cert", Env: "FARM_TLS_CERT", Group: groupNetwork, Kind: KindPath, Label: "Certificate", Restart: true, Guarded: true, See: "security.md#encryption",
			About: "File in PEM with a certificate to encrypt with instead."},
		{Name: "tls_key", Env: "FARM_TLS_KEY", Group: groupNetwork, Kind: KindPath, Label: "Key of the certificate", Restart: true, Guarded: true,
			About: "File in PEM with the private key of the certificate."},
		{Name: "trusted_addresses", Env: "FARM_TRUSTED_ADDRESSES", Group: groupNetwork, Kind: KindList, Guarded: true, See: "security.md#the-farm-key",
			About: "Addresses and networks, such as 192.168.1.0/24, that need no farm key."},
		{Name: "approve_workers", Env: "FARM_APPROVE_WORKERS", Group: groupNetwork, Kind: KindBoolean, Label: "Approve new workers", Guarded: true, See: "security.md#new-workers",
			About: "Whether new workers get tasks only after somebody approved them."},
		{Name: "registrations_per_minute", Env: "FARM_REGISTRATIONS_PER_MINUTE", Group: groupNetwork, Kind: KindInteger, Least: "0", Zero: "any number", Restart: true,
			About: "How many new workers of one address are let in within a minute, and ten times as many in all."},
	}
}

func storageKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "shared_storage_path", Flag: "shared-storage", Env: "FARM_SHARED_STORAGE", Group: groupStorage, Kind: KindPath, Label: "Shared storage", Guarded: true,
			Empty: "storage in the home folder", Usage: "`folder` for the files and frames of jobs, on a file server if there is one; empty means one inside the home folder",
			About: "Folder with the files and frames of jobs. Workers that cannot reach it have a mirror of it."},
		{Name: "local_manager_storage_path", Flag: "local-storage", Env: "FARM_LOCAL_STORAGE", Group: groupStorage, Kind: KindPath, Label: "Logs and previews", Restart: true, Guarded: true,
			Empty: "job-files in the home folder", Usage: "`folder` for task logs and previews; empty means the home folder",
			About: "Folder for task logs and previews."},
		{Name: "watch_folder", Flag: "watch-folder", Env: "FARM_WATCH_FOLDER", Group: groupStorage, Kind: KindPath, Restart: true, Guarded: true, See: "submitting.md#the-watch-folder",
			Usage: "`folder` in which every .blend that is put there is submitted",
			About: "Folder in which every .blend that is put there is submitted."},
		{Name: "mirrors", Env: "FARM_MIRRORS", Group: groupStorage, Kind: KindBoolean, Label: "Workers without the storage", See: "mirror.md",
			About: "Whether workers without the shared storage get its files from the manager."},
		{Name: "mirror_max_file", Env: "FARM_MIRROR_MAX_FILE", Group: groupStorage, Kind: KindSize, Label: "Largest file of such a worker", Least: "0", Zero: "no limit", See: "mirror.md",
			About: "The largest file that is taken from such a worker."},
		{Name: "shaman.enabled", Env: "FARM_SHAMAN", Group: groupFileStore, Kind: KindBoolean, Label: "Store for submitted files", See: "files.md",
			About: "Whether the store for submitted files is on. On Windows it is off by default."},
		{Name: "shaman.garbageCollect.period", Env: "FARM_SHAMAN_PERIOD", Group: groupFileStore, Kind: KindDuration, Label: "Clean it every", Least: "0", Zero: "never",
			About: "How often the store is cleaned."},
		{Name: "shaman.garbageCollect.maxAge", Env: "FARM_SHAMAN_MAX_AGE", Group: groupFileStore, Kind: KindDuration, Label: "Keep unused files for", Least: "0",
			About: "How long unused files are kept, and at least an hour."},
		{Name: "shaman.quota", Env: "FARM_SHAMAN_QUOTA", Group: groupFileStore, Kind: KindSize, Label: "Quota", Least: "0", Zero: "no limit",
			About: "How much space stored files may take, such as 500GB."},
		{Name: "shaman.keepFree", Env: "FARM_SHAMAN_KEEP_FREE", Group: groupFileStore, Kind: KindSize, Label: "Leave free", Least: "0",
			About: "How much space uploads leave free on the disk."},
		{Name: "database", Env: "FARM_DATABASE", Group: groupDatabase, Kind: KindText, Restart: true, Guarded: true,
			About: "File in the home folder."},
		{Name: "database_check_period", Env: "FARM_DATABASE_CHECK_PERIOD", Group: groupDatabase, Kind: KindDuration, Label: "Check the database every", Least: "0", Zero: "never", See: "troubleshooting.md#damage",
			About: "How long after one check of all records of the database the next begins, 4,000 records a second."},
		{Name: "backup_period", Env: "FARM_BACKUP_PERIOD", Group: groupDatabase, Kind: KindDuration, Label: "Back up every", Least: "1m", Zero: "never", See: "troubleshooting.md#backups",
			About: "How often the manager backs up the database into the folder backups. A backup that was missed is made soon after the start."},
		{Name: "backup_keep", Env: "FARM_BACKUP_KEEP", Group: groupDatabase, Kind: KindInteger, Label: "Keep", Least: "1", Most: "1000", Unit: "backups",
			About: "How many of these backups are kept, and how many of those made by farm backup."},
	}
}

func failureKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "task_timeout", Flag: "task-timeout", Env: "FARM_TASK_TIMEOUT", Group: groupFailures, Kind: KindDuration, Label: "Task time-out", Least: "0", Zero: "never", See: "failures.md",
			Usage: "take a task back from a worker silent for this `long`; 0 means never",
			About: "A task without a sign of life for this long has failed."},
		{Name: "worker_timeout", Flag: "worker-timeout", Env: "FARM_WORKER_TIMEOUT", Group: groupFailures, Kind: KindDuration, Label: "Worker time-out", Least: "0", Zero: "never",
			Usage: "give a worker up after this `long` without a sign of life; 0 means never",
			About: "A worker not heard of for this long is lost, and its task goes back to the queue."},
		{Name: "task_fail_after_softfail_count", Env: "FARM_TASK_FAIL_AFTER_SOFTFAIL_COUNT", Group: groupFailures, Kind: KindInteger, Label: "Tries of a task", Least: "0",
			About: "How often a task is tried before it fails for good."},
		{Name: "blocklist_threshold", Env: "FARM_BLOCKLIST_THRESHOLD", Group: groupFailures, Kind: KindInteger, Label: "Block a worker after", Least: "0", Zero: "never", Unit: "failed tasks",
			About: "How many tasks of a type in a job a worker must have failed before it can be blocked from that type."},
		{Name: "blocklist_forget", Env: "FARM_BLOCKLIST_FORGET", Group: groupFailures, Kind: KindDuration, Label: "Lift a block after", Least: "0", Zero: "until somebody lifts the block",
			About: "How long a worker stays blocked."},
		{Name: "retry_after_farm_fault", Env: "FARM_RETRY_AFTER_FARM_FAULT", Group: groupFailures, Kind: KindDuration, Label: "Try again after a fault of the farm", Least: "0", Zero: "until somebody resumes it",
			About: "How long a job is held after a fault that all workers share, such as a full disk."},
		{Name: "task_slow_factor", Env: "FARM_TASK_SLOW_FACTOR", Group: groupFailures, Kind: KindInteger, Label: "Slow is this many times as long", Least: "2", Most: "1000000", Zero: "never", See: "failures.md#a-task-takes-long",
			About: "A task that takes this many times as long as the median of its job's tasks is reported."},
		{Name: "task_slow_least", Env: "FARM_TASK_SLOW_LEAST", Group: groupFailures, Kind: KindDuration, Label: "Slow is at least", Least: "0",
			About: "No task that runs for less counts as slow."},
		{Name: "task_slow_retry", Env: "FARM_TASK_SLOW_RETRY", Group: groupFailures, Kind: KindBoolean, Label: "Try slow tasks elsewhere",
			About: "Whether a slow task is stopped and tried by another worker, once."},
	}
}

func renderingKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "blender_match", Env: "FARM_BLENDER_MATCH", Group: groupRendering, Kind: KindChoice, Label: "Blender of another version", Choices: []string{"same", "newer", "any"}, See: "worker.md#which-blender",
			About: "Which Blenders may open the file of a job that does not say. With same it is that version where a worker has it, else a newer one."},
		{Name: "render_last_frames_twice", Env: "FARM_RENDER_LAST_FRAMES_TWICE", Group: groupRendering, Kind: KindBoolean, See: "worker.md#the-last-frames",
			About: "Whether a worker that has nothing to do renders a frame as well that another one is expected to need long for."},
		{Name: "flamenco_version", Env: "FARM_FLAMENCO_VERSION", Group: groupOthers, Kind: KindText, Label: "Version for Flamenco's clients",
			About: "The version given to clients that do not name their own. Flamenco's add-on does."},
	}
}

func brokerKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "mqtt.client.enabled", Env: "FARM_MQTT", Group: groupBroker, Kind: KindBoolean, Label: "Send events", Restart: true, See: "notifications.md#a-message-broker", About: "Whether events are sent to a message broker."},
		{Name: "mqtt.client.broker", Env: "FARM_MQTT_BROKER", Group: groupBroker, Kind: KindText, Label: "Broker", Restart: true, About: "Address of the broker, such as tcp://broker.local:1883; mqtts and tls encrypt, ws and wss are WebSockets."},
		{Name: "mqtt.client.clientID", Env: "FARM_MQTT_CLIENT_ID", Group: groupBroker, Kind: KindText, Label: "Client ID", Restart: true, About: "Name of the manager at the broker."},
		{Name: "mqtt.client.topic_prefix", Env: "FARM_MQTT_TOPIC_PREFIX", Group: groupBroker, Kind: KindText, Restart: true, About: "What the topics of events begin with."},
		{Name: "mqtt.client.username", Env: "FARM_MQTT_USERNAME", Group: groupBroker, Kind: KindText, Restart: true, About: "User at the broker."},
		{Name: SecretKey, Env: "FARM_MQTT_PASSWORD", Group: groupBroker, Kind: KindSecret, Restart: true, About: "Password of the user, which is told to nobody."},
	}
}

// SecretKey is the key whose value is never shown.
const SecretKey = "mqtt.client.password"
