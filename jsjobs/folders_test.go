package jsjobs

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// TestFolders gives each job a folder of its own below the output root, whatever
// its name is and however its submitter put the path together.
func TestFolders(t *testing.T) {
	l := New(Options{})
	at := time.Date(2026, 5, 1, 12, 30, 15, 0, time.Local)
	const stamp = "2026-05-01_123015"
	for _, c := range []struct{ name, root, path, want string }{
		{"shot 7", "/out", "/out/shot 7/{timestamp}/######", "/out/shot 7/" + stamp},
		{"shot [v2]", "/out", "/out/a/b/shot [v2]/{timestamp}/######", "/out/a/b/shot _v2_/" + stamp},
		{"../x", "/out", "/out/../x/{timestamp}/######", "/out/_x/" + stamp},
		{"a/./b/", "/out", "/out/a/b/{timestamp}/######", "/out/a_._b_/" + stamp},
		{"/seq/010", "/out/", "/seq/010/{timestamp}/######", "/out/_seq_010/" + stamp},
		{"/mnt/seq/010", "/out", "{shows}/010/{timestamp}/######", "/out/_mnt_seq_010/" + stamp}, // the manager put a variable there
		{"/", "/out", "/{timestamp}/######", "/out/_/" + stamp},
		{"f{x}#%", "//nas/out", "//nas/out/f{x}#%/{timestamp}/######", "//nas/out/f_x___/" + stamp},
		{"Jöb?", `C:\out`, `C:\out\Jöb?\{timestamp}\######`, "C:/out/Jöb_/" + stamp},
		{`D:\x`, `C:\out`, `D:\x\{timestamp}\######`, "C:/out/D__x/" + stamp},
		{"shot _v2_", "/out", "/out/shot _v2_/{timestamp}/######", "/out/shot _v2_/" + stamp},
		{"shot", "/out", "/my/own/{timestamp}/######", "/my/own/" + stamp}, // somebody's own idea
		{"shot", "/out", "/my/own/######", "/my/own"},
		{strings.Repeat("ä", 200), "/out", "/out/" + strings.Repeat("ä", 200) + "/{timestamp}/######", "/out/" + strings.Repeat("ä", 50) + "/" + stamp},
	} {
		for _, jobType := range []string{"simple-blender-render", "render-and-encode"} {
			sub := farm.Submission{Name: c.name, Type: jobType, Created: at, Settings: blenderSettings(map[string]any{"render_output_root": c.root, "render_output_path": c.path})}
			for n := 1; n <= 2; n++ {
				sub.Namesake = n
				want := c.want
				if n == 2 && strings.HasSuffix(want, stamp) {
					want += "-2"
				}
				p, err := l.Plan(t.Context(), sub)
				if err != nil {
					t.Errorf("%s, %s: %v", c.name, jobType, err)
					continue
				}
				if got := strings.TrimSuffix(fmt.Sprint(p.Settings["render_output_path"]), "/######"); got != want {
					t.Errorf("%s, number %d, of %s is in %s, want %s", c.name, n, jobType, got, want)
				}
			}
		}
	}
}

// TestVideoNames keeps the names of videos within what file systems allow, and
// from meaning something to FFmpeg.
func TestVideoNames(t *testing.T) {
	l := New(Options{})
	for stem, want := range map[string]string{"shot.flamenco": "shot", "a%04d[x]": "a_04d_x_", strings.Repeat("a", 246): strings.Repeat("a", 100)} {
		for _, jobType := range []string{"simple-blender-render", "render-and-encode"} {
			p, err := l.Plan(t.Context(), farm.Submission{Name: "n", Type: jobType, Settings: blenderSettings(map[string]any{"blendfile": "/s/" + stem + ".blend", "frames": "7,100-101"})})
			if err != nil {
				t.Error(err)
				continue
			}
			video := ""
			for _, task := range p.Tasks {
				for _, c := range task.Commands {
					if c.Name == farm.CommandFramesToVideo {
						video = path.Base(fmt.Sprint(c.Parameters["outputFile"]))
					}
				}
			}
			if video != want+"-7-101.mp4" {
				t.Errorf("%s: %q", stem, video)
			}
		}
	}
}
