package farm

import (
	"strings"
	"testing"
)

// TestStorageUses says of each command what of the storage it reads and saves.
func TestStorageUses(t *testing.T) {
	const storage = "/srv/farm"
	render := Command{Name: CommandBlenderRender, Parameters: map[string]any{"blendfile": "/srv/farm/jobs/shot/a.blend",
		"args": []any{"--render-output", "/srv/farm/renders/shot/######", "--python", "/srv/farm/tools/x.py", "-f", 1.0, "--", "/elsewhere/y"}}}
	video := Command{Name: CommandFramesToVideo, Parameters: map[string]any{"framePath": "/srv/farm/renders/shot/######.png", "inputGlob": "/srv/farm/renders/shot/*.png",
		"outputFile": "/srv/farm/renders/shot/shot-1-9.mp4"}}
	merge := Command{Name: CommandMergeImage, Parameters: map[string]any{"parts": []any{"/srv/farm/parts/1.exr", "/srv/farm/parts/2.exr"}, "output": "/srv/farm/parts/all.exr"}}
	for _, c := range []struct {
		command      Command
		reads, saves string // allowed
		neither      string
	}{
		{render, "jobs/shot/a.blend jobs/shot/textures/wood.png tools/x.py renders/shot/000001.png", "renders/shot/000001.png renders/shot/passes/z.exr jobs/shot/cache/1.bphys",
			"jobs/other/a.blend renders/other/1.png farm.yaml tools/y.py jobs/shotgun/a.blend renders/shot"},
		{video, "renders/shot/000001.png renders/shot/x.PNG", "renders/shot/shot-1-9.mp4", "renders/000001.png jobs/shot/a.blend renders/shots/a.png"},
		{merge, "parts/1.exr parts/2.exr", "parts/all.exr parts/x/y.exr", "parts.exr jobs/shot/a.blend"},
		{Command{Name: CommandCopyFile, Parameters: map[string]any{"src": "/srv/farm/a/b", "dest": "/srv/farm/c"}}, "a/b", "c", "a/c c/d .farm-storage .farm-incoming/x"},
		{Command{Name: CommandEcho, Parameters: map[string]any{"message": "/srv/farm/a"}}, "", "", "a"},
	} {
		uses, needs := StorageUses([]Command{c.command}, storage, "jobs/shot")
		if needs != "" {
			t.Errorf("%s needs the storage: %s", c.command.Name, needs)
		}
		for _, file := range strings.Fields(c.reads) {
			if !MayRead(uses, "jobs/shot", file) {
				t.Errorf("%s does not read %s", c.command.Name, file)
			}
		}
		for _, file := range strings.Fields(c.saves) {
			if !MaySave(uses, "jobs/shot", file) {
				t.Errorf("%s does not save %s", c.command.Name, file)
			}
		}
		for _, file := range strings.Fields(c.neither) {
			if MayRead(uses, "jobs/shot", file) || MaySave(uses, "jobs/shot", file) {
				t.Errorf("%s reads or saves %s", c.command.Name, file)
			}
		}
	}
}

// TestNeedsStorageByType: programs that use no files can do without.
func TestNeedsStorageByType(t *testing.T) {
	need := BlenderNeed{Version: BlenderVersion{4, 2}, GPU: true, Storage: true}
	for kind, want := range map[string]BlenderNeed{TypeMisc: {}, "ffmpeg": {Storage: true}, TypeBlender: need} {
		if got := need.For(kind); got != want {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}

// TestNeedsStorage finds what only workers with the storage can do.
func TestNeedsStorage(t *testing.T) {
	in := func(name string, parameters ...string) Command {
		c := Command{Name: name, Parameters: map[string]any{}}
		for i := 0; i < len(parameters); i += 2 {
			c.Parameters[parameters[i]] = parameters[i+1]
		}
		return c
	}
	for _, c := range []struct {
		command Command
		says    string // "": all can
	}{
		{in(CommandBlenderRender, "blendfile", "/srv/farm/shots/a.blend"), "--pack"},
		{in(CommandBlenderRender, "blendfile", "/srv/farm/jobs/shotgun/a.blend"), "--pack"},
		{in(CommandBlenderRender, "blendfile", "/home/me/a.blend"), "/home/me/a.blend"},
		{in(CommandBlenderRender, "blendfile", "/srv/farm/jobs/shot/../../x"), "--pack"},
		{in(CommandBlenderRender, "blendfile", "/srv/farm/../etc/passwd"), "not in the storage"},
		{in(CommandBlenderRender, "blendfile", ""), ""},
		{in(CommandMoveDirectory, "src", "/srv/farm/a", "dest", "/srv/farm/b"), "move-directory"},
		{in(CommandExec, "exe", "/srv/farm/tool"), "exec"},
		{in(CommandExec, "exe", "true"), ""},
		{in(CommandFramesToVideo, "inputGlob", "/out/*.png", "outputFile", "/srv/farm/a.mp4"), "/out/*.png"},
		{in(CommandCopyFile, "src", "/srv/farm/a", "dest", "/home/me/a"), "/home/me/a"},
		{in(CommandSleep), ""},
	} {
		if _, needs := StorageUses([]Command{c.command}, "/srv/farm/", "jobs/shot"); (needs == "") != (c.says == "") || !strings.Contains(needs, c.says) {
			t.Errorf("%s %v: %q", c.command.Name, c.command.Parameters, needs)
		}
	}
}

// TestFramesOfATask: of the files where a task saves its frames, only those are its.
func TestFramesOfATask(t *testing.T) {
	for _, c := range []struct {
		output, reads, not string
	}{
		{"a-######", "a-000005.png a-000009.exr a-000007_L.png", "a-000004.png a-000010.png a-.png a-x.png b-000005.png 000005.png a--000005.png"},
		{"a2", "a20005.png a20009.png", "a0005.png a20010.png a2.png"},
		{"####-end", "0005-end.png 0009.png", "0010-end.png -0005-end.png"},
		{"#-##", "1-05.png 1-99.png x.png", ""}, // the number is at the end, and the first # may stand for anything
	} {
		uses, _ := StorageUses([]Command{{Name: CommandBlenderRender, Parameters: map[string]any{"blendfile": "/srv/farm/jobs/shot/a.blend",
			"args": []any{"--render-output", "/srv/farm/renders/" + c.output, "--render-frame", "5..9"}}}}, "/srv/farm", "jobs/shot")
		for _, name := range strings.Fields(c.reads) {
			if !MayRead(uses, "jobs/shot", "renders/"+name) {
				t.Errorf("%s: %s is not its", c.output, name)
			}
		}
		for _, name := range strings.Fields(c.not) {
			if MayRead(uses, "jobs/shot", "renders/"+name) {
				t.Errorf("%s: %s is its", c.output, name)
			}
		}
	}
	before := []Command{{Name: CommandBlenderRender, Parameters: map[string]any{"argsBefore": []any{"-f", "1"}, "args": []any{"-o", "/srv/farm/renders/#", "-f", "5"}}}}
	if uses, _ := StorageUses(before, "/srv/farm", ""); !MayRead(uses, "", "renders/1.png") {
		t.Error("a frame that the arguments before the file render is not the task's")
	}
}
