package programs

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestBlendersAreFound(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home [x]")
	want := []string{
		script(t, dir, "listed/file/blender-mine", "exit 0"),
		script(t, dir, "listed/one/blender", "exit 0"),
		script(t, dir, "listed/many/a/blender", "exit 0"),
		script(t, dir, "listed/many/b/blender", "exit 0"),
		script(t, dir, "path [1]/blender", "exit 0"),
		script(t, dir, "path [1]/blender-4.2", "exit 0"),
	}
	script(t, dir, "listed/many/.hidden/blender", "exit 0")
	script(t, dir, "path [1]/blender-thumbnailer", "exit 0")
	script(t, dir, "path [1]/blender-softwaregl", "exit 0")
	inHome := []string{
		script(t, home, "blender-4.3.2-linux-x64/blender", "exit 0"),
		script(t, home, "blender-3.6.0-linux-x64/blender", "exit 0"),
		script(t, home, "Downloads/blender-5.2.0-linux-x64/blender", "exit 0"),
		script(t, home, ".local/share/flatpak/exports/bin/org.blender.Blender", "exit 0"),
		script(t, dir, "games/SteamLibrary/steamapps/common/Blender/blender", "exit 0"),
	}
	vdf := filepath.Join(home, ".local/share/Steam/steamapps/libraryfolders.vdf")
	if err := os.MkdirAll(filepath.Dir(vdf), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vdf, []byte("\"libraryfolders\"\n{\n\t\"0\"\n\t{\n\t\t\"path\"\t\t\""+filepath.Join(dir, "games/SteamLibrary")+"\"\n\t}\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(want[1], filepath.Join(dir, "path [1]", "blender-3.0")); err != nil { // found already
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(dir, "path [1]")+string(os.PathListSeparator)+"relative")
	t.Setenv("HOME", home)
	listed := []string{want[0], filepath.Join(dir, "listed/one"), filepath.Join(dir, "listed/many"), filepath.Join(dir, "gone"), want[0]}
	if got := Blenders(listed, false); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if runtime.GOOS != "linux" {
		t.Skip("the usual folders of Linux")
	}
	got := Blenders(listed, true)
	for _, path := range inHome {
		if !slices.Contains(got, path) {
			t.Errorf("%s was not found: %q", path, got)
		}
	}
	if a, b := slices.Index(got, inHome[0]), slices.Index(got, inHome[1]); a > b {
		t.Errorf("the older of two comes first: %q", got)
	}
}
