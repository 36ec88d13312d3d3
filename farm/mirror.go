package farm

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A MirrorFile is a file of the shared storage that a task reads, as a worker is told
// that does not have the storage (see StorageUses).
type MirrorFile struct {
	Path     string    `json:"path"`              // below the storage, forward slashes
	Size     int64     `json:"size"`              // in bytes
	Modified time.Time `json:"modified"`          // to the millisecond
	SHA256   string    `json:"sha256,omitempty"`  // in hexadecimal; "" if nobody has read the file yet
	Optional bool      `json:"optional,omitzero"` // it may be where the task saves: its content is needed only if it is kept
}

// A StorageUse is one thing that a task does in the shared storage.
type StorageUse struct {
	Kind StorageUseKind
	Path string // below the storage, forward slashes, clean; "." is the storage itself
	// Name limits which files of a folder are meant: to those with this ending for
	// UseImages, and to those whose name begins so for UseFrames.
	Name string
	// With Numbered, only those files are meant for UseFrames in whose name a number from
	// First to Last follows. A job of many frames would look at all of them for each task
	// otherwise.
	Numbered    bool
	First, Last int
}

// StorageUseKind says what a task does at a place.
type StorageUseKind uint8

const (
	// UseFile reads a file, or all that is in a folder; nothing need be there.
	UseFile StorageUseKind = iota
	// UseImages reads the files of a folder, without those in folders of it.
	UseImages
	// UseFrames saves files of a name in a folder, and may find them there.
	UseFrames
	// UseSaves saves files of any name in a folder and in folders of it.
	UseSaves
)

// StorageUses returns what a task reads and writes in the shared storage, from its
// commands. Paths in these and storage are of the manager's platform, with forward
// slashes; checkout is the folder of the job's own files below the storage, "" if it has
// none. needs says what of it cannot be done without the storage: a .blend that was
// submitted where it is, as nobody knows what else it needs, a command that moves folders
// there, or a file that is elsewhere; "" if all can.
func StorageUses(commands []Command, storage, checkout string) (uses []StorageUse, needs string) {
	u := storageUses{checkout: checkout, storage: strings.TrimRight(path.Clean(storage), "/")}
	for _, c := range commands {
		switch c.Name {
		case CommandBlenderRender:
			u.render(c)
		case CommandFramesToVideo:
			u.video(c)
		case CommandMergeImage:
			parts, _ := textList(c.Parameters["parts"])
			for _, part := range parts {
				u.reads(part, true)
			}
			u.saves(textOf(&c, "output"))
		case CommandCopyFile:
			u.reads(textOf(&c, "src"), true)
			u.saves(textOf(&c, "dest"))
		case CommandMakeDirectory:
			u.saves(strings.TrimRight(textOf(&c, "path"), `/\`) + "/x")
		case CommandEcho, CommandSleep:
		default:
			u.foreign(c)
		}
	}
	return u.uses, u.needs
}

// textOf returns a parameter that is a text, "" if it is none.
func textOf(c *Command, name string) string {
	text, _ := c.parameter(name).(string)
	return text
}

// storageUses collects what StorageUses returns.
type storageUses struct {
	storage, checkout string
	uses              []StorageUse
	needs             string
}

// below returns the path of a file below the storage, if it is there.
func (u *storageUses) below(file string) (string, bool) {
	file = strings.ReplaceAll(file, `\`, "/")
	if rest, ok := strings.CutPrefix(file, u.storage+"/"); ok {
		if clean := path.Clean(rest); clean != ".." && !strings.HasPrefix(clean, "../") {
			return clean, true
		}
	}
	return "", false
}

func (u *storageUses) add(use StorageUse) {
	if !slices.Contains(u.uses, use) {
		u.uses = append(u.uses, use)
	}
}

func (u *storageUses) lacks(what string) {
	if u.needs == "" {
		u.needs = what
	}
}

// reads notes a file that is read; must says that there is no task without it.
func (u *storageUses) reads(file string, must bool) {
	if rel, ok := u.below(file); ok {
		u.add(StorageUse{Kind: UseFile, Path: rel})
	} else if must && file != "" {
		u.lacks("it reads " + file + ", which is not in the storage")
	}
}

// saves notes a file that is made.
func (u *storageUses) saves(file string) {
	if rel, ok := u.below(file); ok {
		u.add(StorageUse{Kind: UseSaves, Path: path.Dir(rel)})
	} else if file != "" {
		u.lacks("it saves " + file + ", which is not in the storage")
	}
}

// render notes what Blender reads and saves: of the arguments, all that are paths in
// the storage, and the output.
func (u *storageUses) render(c Command) {
	file := textOf(&c, "blendfile")
	u.reads(file, true)
	if rel, ok := u.below(file); ok && (u.checkout == "" || !Inside(u.checkout, rel)) {
		u.lacks("its file " + file + " was submitted where it is. Submitted with --pack, or --upload, it can be rendered by all workers")
	}
	before, _ := textList(c.Parameters["argsBefore"])
	args, _ := textList(c.Parameters["args"])
	args = append(slices.Clone(before), args...)
	for i, arg := range args {
		if i == 0 || args[i-1] != "-o" && args[i-1] != "--render-output" {
			u.reads(arg, false)
			continue
		}
		u.saves(arg)
		if rel, ok := u.below(arg); ok {
			u.add(framesIn(rel, c))
		}
	}
}

// framesIn returns which files a command saves as frames at an output below the storage.
func framesIn(output string, c Command) StorageUse {
	name, number, _ := strings.Cut(path.Base(output), "#")
	use := StorageUse{Kind: UseFrames, Path: path.Dir(output), Name: name}
	if strings.Contains(strings.TrimLeft(number, "#"), "#") {
		return use // the number is not where the name ends
	}
	before, _ := textList(c.Parameters["argsBefore"])
	if slices.ContainsFunc(before, func(a string) bool {
		return slices.Contains([]string{"-f", "--render-frame", "-a", "--render-anim", "-P", "--python", "--python-text"}, a)
	}) {
		return use // it may render others
	}
	if r, ok := RenderingOf([]Command{c}); ok {
		use.Numbered, use.First, use.Last = true, r.Frames[0], r.Frames[len(r.Frames)-1]
	}
	return use
}

// video notes the images and the video of them.
func (u *storageUses) video(c Command) {
	for _, key := range []string{"framePath", "inputGlob"} {
		images := textOf(&c, key)
		if images == "" {
			continue
		}
		if rel, ok := u.below(images); ok {
			u.add(StorageUse{Kind: UseImages, Path: path.Dir(rel), Name: strings.ToLower(path.Ext(rel))})
		} else {
			u.lacks("it reads " + images + ", which is not in the storage")
		}
	}
	u.saves(textOf(&c, "outputFile"))
}

// foreign notes a command of which nobody knows what it does with the paths that it is
// given.
func (u *storageUses) foreign(c Command) {
	for _, value := range c.Parameters {
		texts, _ := textList(value)
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
		for _, text := range texts {
			if _, ok := u.below(text); ok {
				u.lacks("nobody knows what its command " + c.Name + " does in the storage")
			}
		}
	}
}

// MayRead reports whether a file of the storage is one that a task with these uses
// reads. checkout is the folder of the job's own files, "" for none: with one of its
// files the task reads all.
func MayRead(uses []StorageUse, checkout, file string) bool {
	return slices.ContainsFunc(uses, func(u StorageUse) bool {
		switch u.Kind {
		case UseFile:
			return Inside(u.Path, file) || checkout != "" && Inside(checkout, u.Path) && Inside(checkout, file)
		case UseImages:
			return path.Dir(file) == u.Path && strings.ToLower(path.Ext(file)) == u.Name
		case UseFrames:
			return path.Dir(file) == u.Path && u.isFrame(path.Base(file))
		}
		return false
	})
}

// isFrame reports whether a file of the name is one of the frames that are meant.
func (u *StorageUse) isFrame(name string) bool {
	number, ok := strings.CutPrefix(name, u.Name)
	if !ok || !u.Numbered {
		return ok
	}
	digits := strings.TrimPrefix(number, "-")
	end := len(number) - len(strings.TrimLeft(digits, "0123456789"))
	frame, err := strconv.Atoi(number[:end])
	return err == nil && u.First <= frame && frame <= u.Last
}

// MaySave reports whether a task with these uses may save a file at a path of the
// storage. Where it saves in the storage itself, folders of it are none of its.
func MaySave(uses []StorageUse, checkout, file string) bool {
	if name, _, _ := strings.Cut(file, "/"); strings.HasPrefix(name, ".farm-") {
		return false
	}
	return slices.ContainsFunc(uses, func(u StorageUse) bool {
		switch {
		case u.Kind == UseFile:
			return checkout != "" && Inside(checkout, u.Path) && Inside(checkout, file)
		case u.Kind != UseSaves:
			return false
		case u.Path == ".":
			return !strings.Contains(file, "/")
		}
		return Inside(u.Path, file) && u.Path != file
	})
}

// Inside reports whether a file is a folder or below it.
func Inside(folder, file string) bool { return file == folder || strings.HasPrefix(file, folder+"/") }

// KeptAs returns what the names of the files get that a task renders again and whose
// earlier versions are kept, "" if it renders over them.
func KeptAs(commands []Command) string {
	for i := range commands {
		if keep := textOf(&commands[i], "keep"); keep != "" && !strings.ContainsAny(keep, `/\`) {
			return keep
		}
	}
	return ""
}
