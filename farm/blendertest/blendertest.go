// Package blendertest finds the Blender that tests render with, so that the
// same tests can be run with one version after the other: it is the one that
// the environment variable FARM_TEST_BLENDER names, or else the one a user of
// this computer would get.
//
// A test program that imports this package has the folder of that Blender in
// front of its PATH. So the farms and workers that it starts take the same one,
// although their tasks say only "blender", and look for no others.
package blendertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm/programs"
)

// Variable names the program, such as /opt/blender-4.3/blender. The file has to
// be called blender, as that is what is looked for on the PATH.
const Variable = "FARM_TEST_BLENDER"

// Before any test: children inherit the environment, and some tests keep it
// for later.
func init() {
	os.Setenv("FARM_FIND_BLENDERS", "false")
	if exe := os.Getenv(Variable); exe != "" {
		os.Setenv("PATH", filepath.Dir(exe)+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
}

// Find returns the path of the Blender to test with. The test is skipped if
// this computer has none, and fails if the one that was asked for is not what
// "blender" means now.
func Find(t testing.TB) string {
	t.Helper()
	found, err := programs.Blender(t.Context(), "")
	want := os.Getenv(Variable)
	switch {
	case want == "" && err != nil:
		t.Skip(err)
	case want != "" && (err != nil || found != filepath.Clean(want)):
		t.Fatalf("%s is %q, and \"blender\" means %q, %v: name an executable file called blender, with its whole path", Variable, want, found, err)
	}
	startQuickly.Do(func() { quickStart(t.Context(), found) })
	return found
}

// Version returns the path of a Blender of that version, "5.2", which is looked for
// wherever a worker would. The test is skipped if this computer has none. Until it
// ends all Blenders start as those of users do, so it cannot be a parallel one.
func Version(t testing.TB, version string) string {
	t.Helper()
	for _, path := range programs.Blenders(nil, true) {
		if text, err := programs.Version(t.Context(), path); err == nil && strings.HasPrefix(text, version+".") {
			t.Setenv(scriptsVariable, "")
			os.Unsetenv(scriptsVariable) // until then
			return path
		}
	}
	t.Skipf("there is no Blender %s here: \"make blenders\" installs some", version)
	return ""
}
