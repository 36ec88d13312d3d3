package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// blender looks for the Blender that tasks call for, and starts it.
func (c *Computer) blender(ctx context.Context) []farm.Finding {
	if c.Blender == "" {
		return nil
	}
	const matters = "this computer renders nothing"
	path, err := programs.Blender(ctx, c.Blender)
	switch {
	case err != nil && len(c.Blenders) > 0:
		return nil // tasks are given one of the others
	case err != nil:
		return []farm.Finding{problem("blender-missing", "there is no Blender: "+clip(err.Error()), matters,
			"install Blender, or name it as \"blenders\" in the farm.yaml of this computer, or in the manager's variable \"blender\"")}
	}
	text, err := programs.Version(ctx, path)
	version, known := farm.ParseBlenderVersion(text)
	if err != nil || !known {
		if err == nil {
			err = fmt.Errorf("it says that its version is %.40q", text)
		}
		return []farm.Finding{problem("blender-broken", fmt.Sprintf("%s does not work as Blender: %s", path, clip(err.Error())), matters,
			"start it by hand with --version to see what it lacks, often a library of the system, and install it again")}
	}
	return c.otherBlenders(ctx, version)
}

// otherBlenders compares the version with those of the other workers.
func (c *Computer) otherBlenders(ctx context.Context, own farm.BlenderVersion) []farm.Finding {
	if c.Manager == nil {
		return nil
	}
	workers, err := c.Manager.FetchWorkersAtWork(ctx)
	if err != nil {
		return nil // the check of the network says why
	}
	mine := map[farm.BlenderVersion]bool{own: true}
	for _, b := range c.Blenders {
		if v, ok := farm.ParseBlenderVersion(b.Version); ok {
			mine[v] = true
		}
	}
	theirs := map[string]bool{}
	for _, w := range workers.Workers {
		if w.ID == c.WorkerID || w.Facts == nil {
			continue
		}
		for _, b := range w.Facts.Blenders {
			v, ok := farm.ParseBlenderVersion(b.Version)
			if ok && mine[v] {
				return nil
			}
			if ok {
				theirs[v.String()] = true
			}
		}
	}
	if len(theirs) == 0 {
		return nil
	}
	return []farm.Finding{warning("blender-version", fmt.Sprintf("this computer has Blender %s, and the other workers have %s", own, strings.Join(sorted(theirs), " and ")),
		"frames of different versions can look different, and jobs that want the others' version do not come here",
		"install the version that the other workers have beside it; Farm finds it by itself")}
}

// ffmpeg looks for FFmpeg, and starts it.
func (c *Computer) ffmpeg(ctx context.Context) []farm.Finding {
	if c.FFmpeg == "" {
		return nil
	}
	const matters = "no videos are made on this computer"
	path, err := programs.FFmpeg(ctx, c.FFmpeg)
	if err != nil {
		return []farm.Finding{problem("ffmpeg-missing", "there is no FFmpeg: "+clip(err.Error()), matters, "install FFmpeg and make sure that it is on the PATH, or put it into the folder tools beside the program")}
	}
	if _, err := programs.Version(ctx, path); err != nil {
		return []farm.Finding{problem("ffmpeg-broken", fmt.Sprintf("%s does not work as FFmpeg: %s", path, clip(err.Error())), matters, "start it by hand with -version to see what it lacks, and install it again")}
	}
	return nil
}

// graphics compares the cards that their drivers know with what Blender sees.
func (c *Computer) graphics(context.Context) (found []farm.Finding) {
	tried, card, eevee := false, false, false
	for _, b := range c.Blenders {
		if b.EEVEE == nil { // that takes long, and a worker does it when it has no task
			continue
		}
		tried = true
		eevee = eevee || *b.EEVEE
		for _, d := range b.Devices {
			card = card || d.GPU()
		}
	}
	if !tried {
		return nil
	}
	if len(c.Cards) > 0 && !card {
		found = append(found, warning("gpu-invisible", fmt.Sprintf("this computer has %s, and no Blender here sees it", strings.Join(c.Cards, ", ")),
			"Cycles renders on the processor only, which takes many times as long",
			"update the driver of the card to one that Blender's version wants; in a container, pass the card through; as a service of Windows, see whether the service may use it"))
	}
	if !eevee {
		found = append(found, warning("eevee-display", "EEVEE does not work here without a display", "jobs with EEVEE or Workbench fail, or wait for other workers",
			"let the worker run where a display is, such as under Xvfb (xvfb-run farm work), or give it a graphics card with a driver for OpenGL"))
	}
	return found
}

// environment looks at variables that lead Blender to nowhere.
func (c *Computer) environment(context.Context) (found []farm.Finding) {
	if file := c.getenv("OCIO"); file != "" && !strings.Contains(file, "://") {
		if _, err := os.Stat(file); err != nil {
			found = append(found, problem("ocio-missing", fmt.Sprintf("the environment variable OCIO names %s, which cannot be read: %v", file, reason(err)),
				"Blender ends at once, or goes on with other colors, so that frames of this computer look different", "correct the variable, or remove it, where the program that starts Farm sets it"))
		}
	}
	for _, name := range []string{"BLENDER_USER_SCRIPTS", "BLENDER_SYSTEM_SCRIPTS", "BLENDER_USER_CONFIG", "BLENDER_USER_RESOURCES"} {
		dir := c.getenv(name)
		if dir == "" {
			continue
		}
		if info, err := os.Stat(filepath.Clean(dir)); err != nil || !info.IsDir() {
			found = append(found, warning("blender-folder", fmt.Sprintf("the environment variable %s names %s, which is no folder here", name, dir),
				"Blender misses the add-ons and settings that jobs may need", "correct the variable, or remove it, where the program that starts Farm sets it"))
		}
	}
	return found
}

// reason is an error without the path, which is said already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
