package submit

import (
	"io"
	"path/filepath"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// A Script is Options in a file: what "farm submit --script" reads, and the
// farm-job.yaml of a folder that is watched. Keys that are left out are up to
// the caller, the .blend and the job type.
type Script struct {
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
	Notify       []string          `yaml:"notify"`   // whom to tell of the job
	Blender      string            `yaml:"blender"`  // the one that reads the file here
	Project      string            `yaml:"project"`  // relative to the script
	Exclude      []string          `yaml:"exclude"`
	Pack         bool              `yaml:"pack"`
	Upload       bool              `yaml:"upload"`
	AllowMissing bool              `yaml:"allow_missing"`

	folder string // that the script is in; "" for the current one
}

// ReadScript reads a script from a file. Its paths are meant from where it is.
// The kind of error is NotFound if there is none, and Invalid with the line if it
// makes no sense.
func ReadScript(path string) (*Script, error) {
	s := &Script{folder: filepath.Dir(path)}
	found, err := yamlfile.Read(path, s)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, farm.Errorf(farm.NotFound, "there is no script %s: check the path", path)
	}
	return s, nil
}

// DecodeScript reads a script from a stream, which errors call by the name. Its
// paths are meant from the current folder.
func DecodeScript(name string, r io.Reader) (*Script, error) {
	text, err := io.ReadAll(io.LimitReader(r, yamlfile.MaxSize+1))
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "cannot read the script from the %s: %w", name, err)
	}
	if len(text) > yamlfile.MaxSize {
		return nil, farm.Errorf(farm.Invalid, "the script is larger than %d KiB: is it the right file?", yamlfile.MaxSize>>10)
	}
	s := &Script{}
	return s, yamlfile.Decode(name, text, s)
}

// File returns the path of the .blend that the script submits, "" if it names none.
func (s *Script) File() string { return s.path(s.Blend) }

// path returns a path that may be relative to the script; "" stays "".
func (s *Script) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.folder, path)
}

// Fill takes what the caller leaves open from the script; given reports, by the
// key, what it does not leave open. Lists and maps of both are joined, and the
// caller's values win.
func (o *Options) Fill(s *Script, given func(key string) bool) {
	for _, text := range []struct {
		key  string
		to   *string
		from string
	}{
		{"name", &o.Name, s.Name}, {"type", &o.Type, s.Type}, {"tag", &o.Tag, s.Tag}, {"frames", &o.Frames, s.Frames},
		{"format", &o.Format, s.Format}, {"ext", &o.Ext, s.Ext}, {"scene", &o.Scene, s.Scene}, {"output", &o.Output, s.Output},
		{"blender", &o.Blender, s.Blender}, {"project", &o.Project, s.path(s.Project)},
	} {
		if text.from != "" && !given(text.key) {
			*text.to = text.from
		}
	}
	if s.Priority != nil && !given("priority") {
		o.Priority = *s.Priority
	}
	if s.ChunkSize != 0 && !given("chunk_size") {
		o.ChunkSize = s.ChunkSize
	}
	if s.FPS != 0 && !given("fps") {
		o.FPS = s.FPS
	}
	o.Paused = o.Paused || s.Paused && !given("paused")
	o.Pack = o.Pack || s.Pack && !given("pack")
	o.Upload = o.Upload || s.Upload && !given("upload")
	o.AllowMissing = o.AllowMissing || s.AllowMissing && !given("allow_missing")
	o.Exclude = append(slices.Clone(s.Exclude), o.Exclude...)
	o.Metadata = merged(s.Metadata, o.Metadata)
	if !given("notify") {
		o.Notify = s.Notify
	}
	o.Settings = merged(s.Settings, o.Settings)
}

// merged joins two maps; values of the second win.
func merged(a, b map[string]string) map[string]string {
	if len(a)+len(b) == 0 {
		return nil
	}
	both := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for key, value := range m {
			both[key] = value
		}
	}
	return both
}
