package farm

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"task_timeout", "worker_timeout", "shaman.garbageCollect.maxAge", "listen"}
	for written, want := range map[string]string{"task_timout": "task_timeout", "maxage": "shaman.garbageCollect.maxAge", "LISTEN": "listen", "lisetn": "listen", "zzzzzz": "", "": ""} {
		got := Nearest(written, names)
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func TestShortDuration(t *testing.T) {
	for text, want := range map[string]string{"10m": "10m", "24h": "24h", "90s": "1m30s", "1h30m": "1h30m", "0": "0", "1500ms": "1.5s", "10s": "10s"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.Short() != want {
			t.Errorf("%s: %q, %v", text, d.Short(), err)
		}
	}
}

func TestLimits(t *testing.T) {
	for want, k := range map[string]ConfigKey{
		"1 to 1000": {Least: "1", Most: "1000"}, "1m or more; 0: never": {Least: "1m", Zero: "never"}, "0: any": {Least: "0", Zero: "any"},
		"at most 7": {Most: "7"}, "low, idle": {Choices: []string{"", "low", "idle"}}, "": {Least: "0"},
	} {
		if got := k.Limits(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
