package submit

import (
	"fmt"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// Options say what is to be submitted, and how. A zero value, unless said
// otherwise, means that the file or the job type decides. They are called by the
// keys of Script in messages; see Submitter.Option.
type Options struct {
	Name      string // of the job; "": that of the file
	Type      string // job type
	Frames    string // such as 1-24 or 1,5,10-20
	ChunkSize int    // frames that one task renders
	FPS       float64
	Format    string // by Blender's name
	Ext       string // of the image files, with its dot
	Scene     string
	Output    string // folder for the renders, as every worker sees it; "": renders in the shared storage
	Tag       string // name or id
	Priority  int    // 0 to 100
	Settings  map[string]string
	Metadata  map[string]string
	Notify    []string // whom to tell: names of ways, mail addresses, URLs; see farm.MetadataNotify
	Paused    bool

	Blender      string   // path of the one that reads the file; "": look for one
	Project      string   // folder whose inner paths are kept; "": see blendfile.ProjectOf
	Exclude      []string // patterns of files to leave out
	Pack         bool     // copy the file even if it is in the shared storage
	Upload       bool     // through the manager, even if the shared storage can be reached
	AllowMissing bool     // for callers: submit although files are missing
}

// DefaultType is what a file is submitted as if nobody says otherwise.
const DefaultType = "simple-blender-render"

// Defaults returns the options of somebody who says nothing.
func Defaults() Options { return Options{Type: DefaultType, Priority: api.DefaultPriority} }

// An OptionError says which option cannot be as it is, and why. It has no full
// stop: where help is to be found may follow it. Its kind is farm.Invalid.
type OptionError struct{ msg string }

// Error returns the sentence.
func (e *OptionError) Error() string { return e.msg }

// Unwrap gives it its kind.
func (e *OptionError) Unwrap() error { return &farm.Error{Kind: farm.Invalid, Msg: e.msg} }

func optionErrorf(format string, args ...any) error {
	return &OptionError{fmt.Sprintf(format, args...)}
}

// A namer says what an option is called where its user wrote it, by its key in
// Script: "--chunk-size" for chunk_size.
type namer func(key string) string

// keyItself is the namer of those who write scripts.
func keyItself(key string) string { return key }

// Check refuses what cannot be meant, before anything is asked or copied, and
// writes the rest as the manager wants it. name says what options are called;
// nil: as in a Script.
func (o *Options) Check(name func(key string) string) error {
	if name == nil {
		name = keyItself
	}
	if o.Frames != "" {
		if _, err := farm.CountFrames(o.Frames); err != nil {
			return optionErrorf("%s: %v", name("frames"), err)
		}
	}
	o.Format = strings.ToUpper(o.Format)
	switch {
	case blendfile.IsVideo(o.Format):
		return optionErrorf("%s %s makes one film of all frames, which cannot be rendered in parts; choose an image format such as PNG, and the farm makes a video of the images", name("format"), o.Format)
	case o.ChunkSize < 0:
		return optionErrorf("%s must be at least 1", name("chunk_size"))
	case o.FPS < 0:
		return optionErrorf("%s must be more than 0", name("fps"))
	case o.Priority < 0 || o.Priority > 100:
		return optionErrorf("%s must be 0 to 100", name("priority"))
	}
	// Extensions are written with and without their dot; Blender has them with it.
	if o.Ext != "" && !strings.HasPrefix(o.Ext, ".") {
		o.Ext = "." + o.Ext
	}
	return nil
}

// unknown returns the options that have to be given when nothing can be read
// from the file, as their user would write them.
func (o *Options) unknown(t farm.JobType, name namer) []string {
	var needed []string
	for _, need := range []struct {
		key, example string
		given        bool
	}{
		{"frames", "1-24", o.Frames != ""}, {"frame", "", false}, {"fps", "24", o.FPS != 0},
		{"format", "PNG", o.Format != ""}, {"scene", "Scene", o.Scene != ""},
	} {
		// A value given as a setting is as good as one given as an option.
		_, set := o.Settings[need.key]
		if _, wanted := t.Setting(need.key); !wanted || need.given || set {
			continue
		}
		if need.example == "" {
			needed = append(needed, name("settings")+" "+need.key+"=1")
			continue
		}
		needed = append(needed, name(need.key)+" "+need.example)
	}
	return needed
}
