package cmd

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// A plan is everything that a job's settings are made of.
type plan struct {
	options submitOptions
	jobType farm.JobType
	file    string          // the .blend on this computer
	blend   string          // the .blend as the farm sees it, where it may still have to be put
	storage string          // the shared storage
	name    string          // of the job
	info    *blendfile.Info // what the file says; nil if it could not be asked
	notes   []string        // what the submitter should know
}

// missing returns the flags that have to be given when no Blender can be asked.
func (o *submitOptions) missing(t farm.JobType) []string {
	// A value given with --set is as good as one given with its own flag.
	given := func(key string) bool {
		return slices.ContainsFunc(o.set, func(s string) bool { return strings.HasPrefix(s, key+"=") })
	}
	var flags []string
	for _, need := range []struct {
		key, flag string
		given     bool
	}{
		{"frames", "--frames 1-24", o.frames != ""}, {"frame", "--set frame=1", false}, {"fps", "--fps 24", o.fps != 0},
		{"format", "--format PNG", o.format != ""}, {"scene", "--scene Scene", o.scene != ""},
	} {
		if _, ok := setting(t, need.key); ok && !need.given && !given(need.key) {
			flags = append(flags, need.flag)
		}
	}
	return flags
}

// setting returns the job type's setting with the key.
func setting(t farm.JobType, key string) (farm.Setting, bool) {
	for _, st := range t.Settings {
		if st.Key == key {
			return st, true
		}
	}
	return farm.Setting{}, false
}

// settings fills every setting of the job type: from --set, else from what
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
	for _, text := range p.options.set {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageErrorf("--set %q: write it as KEY=VALUE", text)
		}
		st, ok := setting(p.jobType, key)
		if !ok {
			return nil, usageErrorf("--set %s: job type %s has no such setting; it has %s", key, p.jobType.Name, strings.Join(keysOf(p.jobType), ", "))
		}
		if values[key], err = parseSetting(st, value); err != nil {
			return nil, err
		}
	}
	// This one is made of others, so it comes last.
	if st, ok := setting(p.jobType, "render_output_path"); ok && st.Type == farm.SettingString && values["render_output_path"] == nil {
		values["render_output_path"] = p.outputPath(values)
	}
	// The manager would say so too, but not which flag helps.
	for _, st := range p.jobType.Settings {
		if values[st.Key] == nil && st.Required != nil && *st.Required {
			return nil, usageErrorf("job type %s needs a value for %s: give it with --set %s=...", p.jobType.Name, st.Key, st.Key)
		}
	}
	return values, nil
}

// known returns the values of the settings with names that job types agree on.
func (p *plan) known() (map[string]any, error) {
	o := p.options
	v := map[string]any{"blendfile": filepath.ToSlash(p.blend), "render_output_root": filepath.ToSlash(p.outputRoot())}
	// What the file says first, then the flags over it.
	if p.info != nil {
		if err := p.fromFile(v); err != nil {
			return nil, err
		}
	}
	for _, flag := range []struct {
		name, key string
		value     any
		given     bool
	}{
		{"--frames", "frames", o.frames, o.frames != ""}, {"--chunk-size", "chunk_size", o.chunk, o.chunk != 0},
		{"--fps", "fps", o.fps, o.fps != 0}, {"--scene", "scene", o.scene, o.scene != ""},
		{"--format", "format", o.format, o.format != ""}, {"--ext", "image_file_extension", o.ext, o.ext != ""},
		{"--output", "render_output_root", v["render_output_root"], o.output != ""},
	} {
		// A flag that the job type has no use for would be lost in silence.
		if !flag.given {
			continue
		}
		if _, ok := setting(p.jobType, flag.key); !ok {
			return nil, usageErrorf("%s: job type %s has no setting %s", flag.name, p.jobType.Name, flag.key)
		}
		v[flag.key] = flag.value
	}
	// The video is made of files with this ending, so it must fit the format.
	if o.format != "" && o.ext == "" {
		ext := blendfile.Extension(o.format)
		if ext == "" {
			return nil, usageErrorf("--format %s: say with --ext how its files end", o.format)
		}
		v["image_file_extension"] = ext
	}
	return v, nil
}

// fromFile adds what the file says of its scene.
func (p *plan) fromFile(v map[string]any) error {
	scene, err := p.info.Scene(p.options.scene)
	if err != nil {
		return err
	}
	// A job type without frames may do something else with the file.
	_, film := setting(p.jobType, "frames")
	_, still := setting(p.jobType, "frame")
	if film || still {
		if p.options.frames != "" || still {
			scene.FrameStart, scene.FrameEnd = 0, 0 // the file's range does not matter
		}
		if err := scene.CanRender(); err != nil {
			return err
		}
	}
	if _, saves := setting(p.jobType, "format"); saves && blendfile.IsVideo(scene.Format) && p.options.format == "" {
		instead := "PNG images instead, and a video of them"
		if still {
			instead = "a PNG image instead"
		}
		p.notes = append(p.notes, fmt.Sprintf("The file's output format %s makes one film, which cannot be rendered in parts: rendering %s.", scene.Format, instead))
		scene.Format, scene.Extension, scene.HasPreviews = "PNG", blendfile.Extension("PNG"), false
	}
	v["frames"], v["frame"], v["scene"], v["fps"] = scene.Frames(), scene.Frame, scene.Name, scene.FPS
	v["uses_region"] = scene.Region
	if p.info.Unseen == "" { // else the job type's defaults are the better guess
		v["uses_adaptive_sampling"], v["uses_denoising"] = scene.AdaptiveSampling, scene.Denoising
	}
	v["format"], v["image_file_extension"], v["has_previews"] = scene.Format, scene.Extension, scene.HasPreviews
	return nil
}

// outputRoot returns the folder that all renders go to.
func (p *plan) outputRoot() string {
	if p.options.output == "" {
		return filepath.Join(p.storage, "renders")
	}
	// Workers have other current folders.
	if abs, err := filepath.Abs(p.options.output); err == nil {
		return abs
	}
	return p.options.output
}

// outputPath joins the root, as many of the file's own folders as the job
// wants, the job's name, its time, and the frame number, like the add-on does.
func (p *plan) outputPath(values map[string]any) string {
	root, _ := values["render_output_root"].(string)
	parts := []string{root}
	if n := wholeNumber(values["add_path_components"]); n > 0 {
		folders := strings.Split(strings.Trim(filepath.ToSlash(filepath.Dir(p.file)), "/"), "/")
		parts = append(parts, folders[max(0, len(folders)-n):]...)
	}
	return path.Join(append(parts, fileName(p.name), "{timestamp}", "######")...)
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

// fileName makes a job's name fit for a folder on every platform. Blender would
// take # for the place of the frame number, and the farm braces for a variable.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\<>:"|?*#{}`, r) {
			return '_'
		}
		return r
	}, name)
	if name = strings.Trim(name, " ."); name == "" {
		return "job"
	}
	// File systems allow 255 bytes, and the farm adds the time.
	if len(name) > 100 {
		name = strings.TrimRight(strings.ToValidUTF8(name[:100], ""), " .")
	}
	return name
}

// parseSetting reads the text of a value as the type of its setting.
func parseSetting(st farm.Setting, text string) (v any, err error) {
	switch st.Type {
	case farm.SettingInt:
		v, err = strconv.Atoi(text)
	case farm.SettingFloat:
		v, err = strconv.ParseFloat(text, 64)
	case farm.SettingBool:
		v, err = strconv.ParseBool(text)
	default:
		return text, nil
	}
	if err != nil {
		what := map[farm.SettingType]string{farm.SettingInt: "a whole number", farm.SettingFloat: "a number", farm.SettingBool: "true or false"}[st.Type]
		return nil, usageErrorf("--set %s=%s: the value must be %s", st.Key, text, what)
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
