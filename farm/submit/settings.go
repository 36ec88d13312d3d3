package submit

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// A plan is everything that a job's settings are made of.
type plan struct {
	options Options
	option  namer // what options are called
	jobType farm.JobType
	file    string          // the .blend on this computer
	blend   string          // the .blend as the farm sees it, where it may still have to be put
	storage string          // the shared storage
	name    string          // of the job
	info    *blendfile.Info // what the file says; nil if it could not be asked
	notes   []string        // what the submitter should know
}

// settings fills every setting of the job type: from the options, else from what
// this program knows of settings with the usual names, else with its default.
func (p *plan) settings() (map[string]any, error) {
	// Hidden settings are filled like visible ones: nobody will do it later.
	known, err := p.known()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, st := range p.jobType.Settings {
		if v, ok := known[st.Key]; ok {
			values[st.Key] = v
		} else if st.Default != nil {
			values[st.Key] = st.Default
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.options.Settings)) {
		st, ok := p.jobType.Setting(key)
		if !ok {
			return nil, optionErrorf("%s %s: job type %s has no such setting; it has %s", p.option("settings"), key, p.jobType.Name, strings.Join(keysOf(p.jobType), ", "))
		}
		if values[key], err = p.parse(st, p.options.Settings[key]); err != nil {
			return nil, err
		}
	}
	// This one is made of others, so it comes last.
	if st, ok := p.jobType.Setting("render_output_path"); ok && st.Type == farm.SettingString && values["render_output_path"] == nil {
		values["render_output_path"] = p.outputPath(values)
	}
	// The manager would say so too, but not which flag helps.
	for _, st := range p.jobType.Settings {
		if values[st.Key] == nil && st.Required != nil && *st.Required {
			return nil, optionErrorf("job type %s needs a value for %s: give it with %s %s=...", p.jobType.Name, st.Key, p.option("settings"), st.Key)
		}
	}
	return values, nil
}

// known returns the values of the settings with names that job types agree on.
func (p *plan) known() (map[string]any, error) {
	o := p.options
	v := map[string]any{"blendfile": filepath.ToSlash(p.blend), "render_output_root": filepath.ToSlash(p.outputRoot())}
	// What the file says first, then the options over it.
	if p.info != nil {
		if err := p.fromFile(v); err != nil {
			return nil, err
		}
	}
	for _, said := range []struct {
		option, key string
		value       any
		given       bool
	}{
		{"frames", "frames", o.Frames, o.Frames != ""}, {"chunk_size", "chunk_size", o.ChunkSize, o.ChunkSize != 0},
		{"fps", "fps", o.FPS, o.FPS != 0}, {"scene", "scene", o.Scene, o.Scene != ""},
		{"format", "format", o.Format, o.Format != ""}, {"ext", "image_file_extension", o.Ext, o.Ext != ""},
		{"output", "render_output_root", v["render_output_root"], o.Output != ""},
	} {
		// An option that the job type has no use for would be lost in silence.
		if !said.given {
			continue
		}
		if _, ok := p.jobType.Setting(said.key); !ok {
			return nil, optionErrorf("%s: job type %s has no setting %s", p.option(said.option), p.jobType.Name, said.key)
		}
		v[said.key] = said.value
	}
	// The video is made of files with this ending, so it must fit the format.
	if o.Format != "" && o.Ext == "" {
		ext := blendfile.Extension(o.Format)
		if ext == "" {
			return nil, optionErrorf("%s %s: give the extension of its files with %s", p.option("format"), o.Format, p.option("ext"))
		}
		v["image_file_extension"] = ext
	}
	return v, nil
}

// fromFile adds what the file says of its scene.
func (p *plan) fromFile(v map[string]any) error {
	scene, err := p.info.Scene(p.options.Scene)
	if err != nil {
		return err
	}
	// A job type without frames may do something else with the file.
	_, film := p.jobType.Setting("frames")
	_, still := p.jobType.Setting("frame")
	if film || still {
		if p.options.Frames != "" || still {
			scene.FrameStart, scene.FrameEnd = 0, 0 // the file's range does not matter
		}
		if err := scene.CanRender(); err != nil {
			return err
		}
	}
	if _, saves := p.jobType.Setting("format"); saves && blendfile.IsVideo(scene.Format) && p.options.Format == "" {
		instead := "PNG images instead, and a video of them"
		if still {
			instead = "a PNG image instead"
		}
		p.notes = append(p.notes, fmt.Sprintf("The file's output format %s makes one film, which cannot be rendered in parts: rendering %s.", scene.Format, instead))
		scene.Format, scene.Extension, scene.HasPreviews = "PNG", blendfile.Extension("PNG"), false
	}
	v["frames"], v["frame"], v["scene"], v["fps"] = scene.Frames(), scene.Frame, scene.Name, scene.FPS
	v["uses_region"], v["has_sound"] = scene.Region, scene.Sound
	v["allow_missing"] = p.options.AllowMissing
	if p.info.Unseen == "" { // else the job type's defaults are the better guess
		v["uses_adaptive_sampling"], v["uses_denoising"] = scene.AdaptiveSampling, scene.Denoising
	}
	v["format"], v["image_file_extension"], v["has_previews"] = scene.Format, scene.Extension, scene.HasPreviews
	return nil
}

// outputRoot returns the folder that all renders go to.
func (p *plan) outputRoot() string {
	if p.options.Output == "" {
		return filepath.Join(p.storage, "renders")
	}
	// Workers have other current folders.
	if abs, err := filepath.Abs(p.options.Output); err == nil {
		return abs
	}
	return p.options.Output
}

// outputPath joins the root, as many of the file's own folders as the job
// wants, the job's name, its time, and the frame number, like the add-on does.
func (p *plan) outputPath(values map[string]any) string {
	root, _ := values["render_output_root"].(string)
	parts := []string{root}
	if n := wholeNumber(values["add_path_components"]); n > 0 {
		folders := strings.Split(strings.Trim(filepath.ToSlash(filepath.Dir(p.file)), "/"), "/")
		for _, folder := range folders[max(0, len(folders)-n):] {
			parts = append(parts, farm.FolderName(folder))
		}
	}
	return path.Join(append(parts, farm.FolderName(p.name), "{timestamp}", "######")...)
}

// wholeNumber reads a number that came from JSON or from a flag.
func wholeNumber(v any) int {
	switch n := v.(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}

// parse reads the text of a value as the type of its setting.
func (p *plan) parse(st farm.Setting, text string) (any, error) {
	v, err := st.Parse(text)
	if err != nil {
		return nil, optionErrorf("%s %s=%s: %v", p.option("settings"), st.Key, text, err)
	}
	return v, nil
}

// keysOf lists the keys of the job type's settings.
func keysOf(t farm.JobType) []string {
	var keys []string
	for _, st := range t.Settings {
		keys = append(keys, st.Key)
	}
	return keys
}
