package farm

import (
	"fmt"
	"strings"
	"testing"
)

// TestOwnVariables gives one of two workers of a platform another mount.
func TestOwnVariables(t *testing.T) {
	vs := Variables{
		"storage": {IsTwoWay: true, Values: []VariableValue{{Platform: "linux", Value: "/mnt/farm"}, {Platform: "windows", Value: `Z:\farm`}}},
		"blender": {Values: []VariableValue{{Platform: "linux", Value: "blender"}}},
		"cache":   {IsTwoWay: true, Values: []VariableValue{{Platform: "windows", Value: `C:\cache`}}},
	}
	own := map[string]string{"storage": "/srv/nas/farm/", "blender": "/opt/b", "jobs": "/etc", "new": "n"}
	e := NewWorkerExpander(vs, own, "linux", "linux", "/mnt/farm/jobs")
	for text, want := range map[string]string{
		"{storage}/a.blend": "/srv/nas/farm/a.blend", "{jobs}/x": "/srv/nas/farm/jobs/x", "/mnt/farm/b": "/srv/nas/farm/b", "/mnt/farmhouse": "/mnt/farmhouse",
		"{blender}": "/opt/b", "{new}": "n", "/srv/nas/farm/c": "/srv/nas/farm/c", "{other}": "{other}",
	} {
		if got := e.Text(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	// Others are not affected.
	if got := NewExpander(vs, AudienceWorkers, "linux", "linux", "/mnt/farm/jobs").Text("{storage}/{blender}"); got != "/mnt/farm/blender" {
		t.Error(got)
	}
	// A two-way variable that has no value on the worker's platform gets one.
	if got := NewWorkerExpander(vs, map[string]string{"cache": "/var/cache"}, "linux", "windows", "").Text(`C:\cache\x`); got != "/var/cache/x" {
		t.Error(got)
	}
}

// TestOwnVariablesAreBounded: what a worker tells is kept as far as it can be used.
func TestOwnVariablesAreBounded(t *testing.T) {
	told := map[string]string{"jobs": "/etc", "a{b": "x", "": "x", "nothing": "", "lines": "a\nb", "long": strings.Repeat("x", 501), "good": `Z:\farm`}
	if got := CleanFacts(&WorkerFacts{Variables: told}).Variables; len(got) != 1 || got["good"] != `Z:\farm` {
		t.Errorf("%q", got)
	}
	for i := range 60 {
		told[fmt.Sprint("v", i)] = "x"
	}
	if got := CleanFacts(&WorkerFacts{Variables: told}).Variables; len(got) != maxOwnVariables {
		t.Errorf("%d are kept", len(got))
	}
}
