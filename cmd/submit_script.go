package cmd

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// A jobScript is a job in a file: what "farm submit --script" reads, and the
// farm-job.yaml of a folder that is watched. Keys that are left out are up to
// the flags, the .blend and the job type.
type jobScript struct {
	Blend        string            `yaml:"blend"` // relative to the script
	Name         string            `yaml:"name"`
	Type         string            `yaml:"type"`
	Priority     *int              `yaml:"priority"`
	Tag          string            `yaml:"tag"`
	Paused       bool              `yaml:"paused"`
	Frames       string            `yaml:"frames"`
	ChunkSize    int               `yaml:"chunk_size"`
	FPS          float64           `yaml:"fps"`
	Format       string            `yaml:"format"`
	Ext          string            `yaml:"ext"`
	Scene        string            `yaml:"scene"`
	Output       string            `yaml:"output"`   // folder for the renders, as every worker sees it
	Settings     map[string]string `yaml:"settings"` // by the keys of the job type
	Metadata     map[string]string `yaml:"metadata"` // shown with the job
	Blender      string            `yaml:"blender"`  // the one that reads the file here
	Project      string            `yaml:"project"`  // relative to the script
	Exclude      []string          `yaml:"exclude"`
	Pack         bool              `yaml:"pack"`
	Upload       bool              `yaml:"upload"`
	AllowMissing bool              `yaml:"allow_missing"`
}

// readScript takes what no flag has said from the script. It returns the file
// that the script submits, or "" if it names none.
func (o *submitOptions) readScript(s *session, changed func(flag string) bool) (blend string, err error) {
	script, folder := jobScript{}, ""
	if o.script == "-" {
		text, err := io.ReadAll(io.LimitReader(s.in, yamlfile.MaxSize+1))
		if err != nil {
			return "", farm.Errorf(farm.Invalid, "cannot read the script from the standard input: %w", err)
		}
		if len(text) > yamlfile.MaxSize {
			return "", farm.Errorf(farm.Invalid, "the script is larger than %d KiB: is it the right file?", yamlfile.MaxSize>>10)
		}
		if err := yamlfile.Decode("standard input", text, &script); err != nil {
			return "", err
		}
	} else {
		folder = filepath.Dir(o.script)
		found, err := yamlfile.Read(o.script, &script)
		if err != nil {
			return "", err
		}
		if !found {
			return "", farm.Errorf(farm.NotFound, "there is no script %s: check the path", o.script)
		}
	}
	o.apply(script, folder, changed)
	return below(folder, script.Blend), nil
}

// apply fills what no flag has said. Paths in a script are meant from where it
// is; that may be "" for where the program is.
func (o *submitOptions) apply(script jobScript, folder string, changed func(flag string) bool) {
	for _, text := range []struct {
		flag string
		to   *string
		from string
	}{
		{"name", &o.name, script.Name}, {"type", &o.jobType, script.Type}, {"tag", &o.tag, script.Tag}, {"frames", &o.frames, script.Frames},
		{"format", &o.format, script.Format}, {"ext", &o.ext, script.Ext}, {"scene", &o.scene, script.Scene}, {"output", &o.output, script.Output},
		{"blender", &o.blender, script.Blender}, {"project", &o.project, below(folder, script.Project)},
	} {
		if text.from != "" && !changed(text.flag) {
			*text.to = text.from
		}
	}
	if script.Priority != nil && !changed("priority") {
		o.priority = *script.Priority
	}
	if script.ChunkSize != 0 && !changed("chunk-size") {
		o.chunk = script.ChunkSize
	}
	if script.FPS != 0 && !changed("fps") {
		o.fps = script.FPS
	}
	o.paused = o.paused || script.Paused && !changed("paused")
	o.pack = o.pack || script.Pack && !changed("pack")
	o.upload = o.upload || script.Upload && !changed("upload")
	o.allowMissing = o.allowMissing || script.AllowMissing && !changed("allow-missing")
	o.exclude = append(slices.Clone(script.Exclude), o.exclude...)
	o.metadata = script.Metadata
	// Those of the flags come last, and win.
	var set []string
	for key, value := range script.Settings {
		set = append(set, key+"="+value)
	}
	slices.SortFunc(set, strings.Compare)
	o.set = append(set, o.set...)
}
