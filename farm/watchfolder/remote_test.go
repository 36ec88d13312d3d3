package watchfolder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// TestRefuseOwnFiles gives nobody the manager's files.
func TestRefuseOwnFiles(t *testing.T) {
	r := &Remote{Home: t.TempDir()}
	for path, says := range map[string]string{"farm.yaml": "the farm's own", "../elsewhere.png": ""} {
		path = filepath.Join(r.Home, filepath.FromSlash(path))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.refuseOwnFiles([]string{path}); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRefusalOf tries again what is over by itself.
func TestRefusalOf(t *testing.T) {
	for status, want := range map[int]farm.Kind{400: farm.Invalid, 404: farm.Invalid, 408: farm.Busy, 412: farm.Busy, 425: farm.Busy, 429: farm.Busy, 500: farm.Internal} {
		if kind := farm.KindOf(refusalOf(&api.Error{Status: status})); kind != want {
			t.Errorf("%d: %v, want %v", status, kind, want)
		}
	}
}
