package worker

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// A preflight looks at the open file before the first frame, in the Blender that
// then renders: a file that lacks something is not loaded twice, and workers that
// do not know the parameter render as ever. It says all that it found, and ends
// Blender if the frames would not be what they should.

//go:embed preflight.py
var preflightScript string

// A found is something that a preflight found.
type found struct {
	kind string // see preflightKinds
	text string
}

// A grade says how bad something is that a preflight found.
type grade uint8

const (
	warns     grade = iota // the frames are as they should be without it
	ofWorker               // another worker may have it
	ofFiles                // a file is not there; another worker may see it if it rendered frames of the job
	ofTheFile              // it is so for every worker
)

// preflightKinds are the kinds of what is found, in the words of preflight.py, and
// how bad they are.
var preflightKinds = map[string]grade{
	"scene":  ofTheFile, // there is none of the name
	"camera": ofTheFile, // see blendfile.Scene.Lacks, also for the next two
	"output": ofTheFile,
	"region": ofTheFile,
	"layers": ofTheFile, // all view layers are off

	"missing": ofFiles, // an image, library, font, cache, clip, volume or strip that takes part in the frames

	"engine": ofWorker,
	"addon":  ofWorker, // nodes that this Blender does not have
	"colour": ofWorker, // OCIO names no file, or the worker's colours are not those of the file
	"gpu":    ofWorker, // gpu is require, and there is none

	"unused":     warns, // missing, and nothing that is rendered uses it
	"sound":      warns, // frames have none
	"simulation": warns, // a folder of caches that Blender may not have made
}

// preflightWords begin the error of each grade. Rules of diagnosis read them.
var preflightWords = map[grade]string{
	ofTheFile: "the preflight stopped the job: ",
	ofFiles:   "the preflight misses files: ",
	ofWorker:  "the preflight found this worker unfit: ",
}

// preflightLine is a line of preflight.py. Anything may be glued to its front.
var preflightLine = regexp.MustCompile(`Preflight ([a-z]+): (.*)`)

// deviceWords are what the preflight says of where Cycles renders: the kind of the
// cards stands behind their names. Where another engine renders, Blender does not say.
var deviceWords = regexp.MustCompile(`^Cycles renders on (?:(the processor)|.+ \(([A-Z]+)\))$`)

// What Blender says while it opens a file whose colours this worker does not have: it
// renders with others then, and Python sees only these. It opens its start-up file before
// that, of which it may say the same. Since 5.0 the words behind "Color management:" are
// a message of the log, in the category color_management.
var (
	opensLine  = regexp.MustCompile(`(?i)\bread blend: `)
	colourLine = regexp.MustCompile(`(?:scene (view|look) "(.+?)" not found, setting|(display) "(.+?)" used by scene not found, setting)`)
)

// A preflight is one that is under way.
type preflight struct {
	look   bool     // else it only chooses the device
	allow  bool     // files may be missing
	lost   []string // see colourLine
	found  []found
	device farm.Device // "" while it is not known
	over   bool
	stops  grade
	held   error // what the output said before that would have ended Blender
}

// maxFound bounds how much a preflight may find.
const maxFound = 200

// hear takes a line of output, and reports whether it is of the preflight.
func (p *preflight) hear(text string) bool {
	if p.over {
		return false
	}
	m := preflightLine.FindStringSubmatch(text)
	if m == nil {
		p.hearColours(text)
		return false
	}
	if m[1] == "done" {
		p.over = true
		for _, lost := range p.lost {
			p.note("colour", lost)
		}
		return true
	}
	if words := deviceWords.FindStringSubmatch(strings.TrimSpace(m[2])); m[1] == "device" && words != nil {
		if p.device = farm.Device(words[2]); words[1] != "" {
			p.device = "CPU"
		}
	}
	_, known := preflightKinds[m[1]]
	if known {
		p.note(m[1], m[2])
	}
	return known || m[1] == "device"
}

// note keeps what was found.
func (p *preflight) note(kind, text string) {
	if len(p.found) < maxFound {
		p.found = append(p.found, found{kind, text})
		p.stops = max(p.stops, p.grade(kind))
	}
}

// hearColours takes a line of output that may be about colours.
func (p *preflight) hearColours(text string) {
	if opensLine.MatchString(text) {
		p.lost = nil // that was the start-up file
	}
	if m := colourLine.FindStringSubmatch(text); m != nil && p.look {
		lost := fmt.Sprintf(`the colour configuration of this worker has no %s "%s", which a scene of the file uses`, m[1]+m[3], m[2]+m[4])
		if !slices.Contains(p.lost, lost) && len(p.lost) < maxFound {
			p.lost = append(p.lost, lost)
		}
	}
}

// grade returns how bad a kind of finding is for this job.
func (p *preflight) grade(kind string) grade {
	g := preflightKinds[kind]
	if g == ofFiles && p.allow {
		return warns
	}
	return g
}

// err returns why the job or the worker has to stop, nil if it need not.
func (p *preflight) err() error {
	if p == nil || p.stops == warns {
		return nil
	}
	var list []string
	for _, f := range p.found {
		if p.grade(f.kind) != warns {
			list = append(list, f.text)
		}
	}
	text := preflightWords[p.stops] + strings.Join(list, "; ")
	if p.stops == ofWorker {
		return wrongWorker("%s", text)
	}
	return farm.Errorf(farm.Invalid, "%s", text)
}

// A preflightKey is what a passed preflight stands for.
type preflightKey struct {
	job   farm.JobID
	exe   string
	scene string
	file  fileState
}

// preflights remembers the last that was passed, and where the scripts are.
type preflights struct {
	mu     sync.Mutex // guards what follows; held while the scripts are written
	passed preflightKey
	folder string // "" before the first; removed with the worker's temporary folder
}

// note remembers a preflight that was passed.
func (p *preflights) note(done *preflight, key preflightKey) {
	if done == nil || !done.look || !done.over || done.stops != warns {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed = key
}

func (p *preflights) hasPassed(key preflightKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed == key
}

// scripts returns the folder with what preflight.py imports.
func (p *preflights) scripts(pack fs.FS, temp string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.folder != "" {
		return p.folder, nil
	}
	folder, err := os.MkdirTemp(temp, "preflight-*")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(folder, pack); err != nil {
		return "", err
	}
	for name, script := range map[string]string{"farm_scene.py": blendfile.SceneScript, "farm_preflight.py": preflightScript} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o600); err != nil {
			return "", err
		}
	}
	p.folder = folder
	return folder, nil
}

// prepare returns the preflight of a command, nil if it needs none or has passed
// it, and the Python that Blender has to run behind the file, "" for none.
func (b blenderRender) prepare(r *run, exe string, line *blenderLine) (*preflight, preflightKey, string) {
	w := r.worker
	key := preflightKey{r.task.Job, exe, line.value("-S", "--scene"), stateOf(b.blendfile)}
	look := b.preflight && !w.preflights.hasPassed(key)
	if w.options.Scripts == nil || w.temp == "" || b.blendfile == "" || !look && b.gpu == "" {
		return nil, key, ""
	}
	folder, err := w.preflights.scripts(w.options.Scripts, w.temp)
	if err != nil {
		r.Log("there is no preflight: %v", err)
		return nil, key, ""
	}
	p := &preflight{look: look, allow: b.allowGaps}
	var stops []string
	for kind := range preflightKinds {
		if p.grade(kind) != warns {
			stops = append(stops, kind)
		}
	}
	slices.Sort(stops)
	config := map[string]any{"look": 0, "scene": key.scene, "engine": line.value("-E", "--engine"), "gpu": b.gpu, "kinds": w.options.GPU.kinds(), "stops": stops}
	if look {
		config["look"] = 1
	}
	return p, key, fmt.Sprintf("import sys; sys.path.insert(0, %s); import farm_preflight; farm_preflight.run(%[1]s, %s)", python(folder), python(config))
}

// python writes texts, numbers, and lists and maps of them: their JSON is Python.
func python(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // there is nothing else in it
	}
	return string(text)
}

// value returns the last value of an option that has two names, "" for none.
func (l *blenderLine) value(short, long string) (value string) {
	for i := 0; i+1 < len(l.args) && l.args[i] != "--"; i++ {
		if slices.Contains(valued, l.args[i]) {
			if l.args[i] == short || l.args[i] == long {
				value = l.args[i+1]
			}
			i++
		}
	}
	return value
}

// behindFile returns the arguments with Python that runs when the file is open.
func behindFile(args []string, file, python string) []string {
	at := slices.Index(args, file)
	if at < 0 || python == "" {
		return args
	}
	return slices.Insert(slices.Clone(args), at+1, "--python-expr", python)
}
