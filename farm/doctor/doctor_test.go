package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"

	"renderfarm/farm"
)

// TestMounts finds SMB shares without the option by which their links can be followed.
func TestMounts(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for options, found := range map[string]bool{
		"22 1 0:20 / / rw - ext4 /dev/vda rw\n30 22 0:30 / " + dir + " rw shared:1 - cifs //nas/farm rw,vers=3.0":         true,
		"30 22 0:30 / " + dir + " rw - smb3 //nas/farm rw,vers=3.0,mfsymlinks":                                            false,
		"30 22 0:30 / " + dir + "/inside rw - cifs //nas/farm rw":                                                         false,
		"30 22 0:30 / " + filepath.Dir(dir) + " rw - cifs //nas/farm rw\n31 30 0:31 / " + dir + " rw - nfs4 nas:/farm rw": false,
		"30 22 0:30 / " + dir[:len(dir)-1] + " rw - cifs //nas/farm rw":                                                   false,
		"nonsense\n\n - \n30 22 - cifs\n":                                                                                 false,
	} {
		list := filepath.Join(t.TempDir(), "mountinfo")
		if err := os.WriteFile(list, []byte(options), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &Computer{Storage: dir, Mounts: list}
		if got := c.storage(t.Context()); (len(got) == 1 && got[0].Name == "storage-mfsymlinks") != found || len(got) > 1 {
			t.Errorf("with %q: %+v", options, got)
		}
	}
}

// TestSleepers reads what systems print. That of Windows is in its user's language.
func TestSleepers(t *testing.T) {
	for _, s := range []struct {
		of      func(string) bool
		printed string
		sleeps  bool
	}{
		{sleepers[0].sleeps, "'suspend'\n", true},
		{sleepers[0].sleeps, "'nothing'\n", false},
		{sleepers[0].sleeps, "No such schema\n", false},
		{macSleeps, "Currently in use:\n standby 1\n displaysleep 10\n sleep                1 (sleep prevented by coreaudiod)\n", true},
		{macSleeps, " displaysleep 10\n sleep                0\n", false},
		{windowsSleeps, "Index der aktuellen Wechselstromeinstellung: 0x00000708\nIndex der aktuellen Gleichstromeinstellung: 0x00000384\n", true},
		{windowsSleeps, "Maximum: 0xffffffff\nCurrent AC: 0x00000000\nCurrent DC: 0x00000384\n", false},
		{windowsSleeps, "", false},
	} {
		if s.of(s.printed) != s.sleeps {
			t.Errorf("%q: %t is expected", s.printed, s.sleeps)
		}
	}
	failing := &Computer{Run: func(context.Context, ...string) (string, error) { return "'suspend'", errors.New("no such program") }}
	if found := failing.sleepSettings(t.Context()); found != nil {
		t.Error(found)
	}
}

// TestNoAnswer goes on without a check that the system keeps.
func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), checkTime)
		defer cancel()
		block := make(chan struct{})
		found := (&Computer{}).bounded(ctx, check{"disk", func(*Computer, context.Context) []farm.Finding { <-block; return nil }})
		close(block)
		if len(found) != 1 || found[0].Name != "no-answer" || !farm.HasErrors(found) {
			t.Errorf("%+v", found)
		}
	})
}

// TestNothingKnown finds nothing about a computer of which nothing is known, whatever it is.
func TestNothingKnown(t *testing.T) {
	if found := (&Computer{}).Examine(t.Context()); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// TestFolders are those that cannot be used.
func TestFolders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{file: "home-missing", filepath.Join(file, "below"): "home-unreadable", filepath.Join(closed, "none"): "home-missing"}
	if os.Getuid() != 0 && runtime.GOOS != "windows" {
		cases[closed] = "home-not-writable"
	}
	for path, name := range cases {
		c := &Computer{Home: path}
		if found := c.home(t.Context()); len(found) != 1 || found[0].Name != name {
			t.Errorf("%s: %+v, and not %s", path, found, name)
		}
	}
}

// TestClean bounds what a worker tells.
func TestClean(t *testing.T) {
	var many []farm.Finding
	for range 100 {
		many = append(many, farm.Finding{Name: "a\nb", Level: "worse", What: string(make([]byte, 9000)) + "x"})
	}
	got := farm.CleanFindings(append([]farm.Finding{{Name: "x", What: "line\nline", Level: farm.FindingError}}, many...))
	if len(got) == 0 || got[0].What != "line line" || got[0].Level != farm.FindingError || len(got) > farm.MaxFindings {
		t.Errorf("%+v", got)
	}
	for _, f := range got[1:] {
		if len(f.What) > 400 || f.Level != farm.FindingWarning {
			t.Errorf("%+v", f)
		}
	}
}
