package worker

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// A film is what one video is made of.
type film struct {
	view   string   // as in the names of its images; "" if there are no others
	images []string // in the order of their frames
}

// films finds the images, for each view of the scene. No images at all, and too
// few, are NotFound.
func (v framesToVideo) films() ([]film, error) {
	if v.framePath != "" && v.frames != nil {
		return filmsOf(filepath.FromSlash(v.framePath), v.frames)
	}
	images := matching(filepath.FromSlash(v.inputGlob))
	if len(images) == 0 {
		return nil, farm.Errorf(farm.NotFound, "frames-to-video: there are no frames: nothing matches %s. Were they rendered to another folder?", v.inputGlob)
	}
	return sortFilms(images), nil
}

// filmsOf finds the images of frames whose path is known.
func filmsOf(framePath string, frames []int) ([]film, error) {
	folder, ext := filepath.Dir(framePath), filepath.Ext(framePath)
	name := newOutputName(strings.TrimSuffix(framePath, ext))
	name.folder = "" // only one is looked at
	byView := map[string]map[int]string{}
	entries, _ := os.ReadDir(folder) // one that is not there has no images
	for _, e := range entries {
		if !strings.EqualFold(filepath.Ext(e.Name()), ext) {
			continue
		}
		frame, view, ok := name.parse(e.Name())
		if _, asked := slices.BinarySearch(frames, frame); !ok || !asked {
			continue
		}
		if byView[view] == nil {
			byView[view] = map[int]string{}
		}
		byView[view][frame] = filepath.Join(folder, e.Name())
	}
	var films []film
	var best map[int]string
	for view, images := range byView {
		if len(images) > len(best) {
			best = images
		}
		if len(images) == len(frames) {
			f := film{view: view}
			for _, frame := range frames {
				f.images = append(f.images, images[frame])
			}
			films = append(films, f)
		}
	}
	if len(films) == 0 {
		missing := slices.DeleteFunc(slices.Clone(frames), func(f int) bool { return best[f] != "" })
		return nil, farm.Errorf(kindOfMissing(best), "frames-to-video: %d of %d frames are there (missing: %s): %s. Requeue the tasks that render them",
			len(best), len(frames), clip(farm.FormatFrames(missing), 60), framePath)
	}
	slices.SortFunc(films, func(a, b film) int { return strings.Compare(a.view, b.view) })
	if films[0].view == "" { // what has more in its name was saved by something else
		films = films[:1]
	}
	return films, nil
}

// kindOfMissing makes a difference between no images and some.
func kindOfMissing(found map[int]string) farm.Kind {
	if len(found) == 0 {
		return farm.NotFound
	}
	return farm.Invalid
}

// matching returns the files that a pattern stands for. Folders and names of
// projects have brackets, so a pattern means first what is called like it.
func matching(pattern string) (files []string) {
	for _, folder := range folders(filepath.Dir(pattern)) {
		files = append(files, inFolder(folder, filepath.Base(pattern), false)...)
	}
	return files
}

// folders returns the folders that a pattern stands for.
func folders(pattern string) (list []string) {
	if info, err := os.Stat(pattern); err == nil && info.IsDir() {
		return []string{pattern}
	}
	parent := filepath.Dir(pattern)
	if parent == pattern {
		return nil
	}
	for _, p := range folders(parent) {
		list = append(list, inFolder(p, filepath.Base(pattern), true)...)
	}
	return list
}

// inFolder returns what is in a folder and matches the pattern of a name.
func inFolder(folder, pattern string, wantFolders bool) (list []string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	literal := strings.NewReplacer("[", "?", "]", "?").Replace(pattern)
	for _, p := range []string{literal, pattern} {
		exact := p == literal && literal != pattern
		for _, e := range entries {
			if ok, err := filepath.Match(p, e.Name()); err != nil || !ok || exact && !hasBrackets(e.Name(), pattern) {
				continue
			}
			file := filepath.Join(folder, e.Name())
			if info, err := os.Stat(file); err == nil && info.IsDir() == wantFolders {
				list = append(list, file)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// hasBrackets reports whether a name has all the brackets of a pattern, in their order.
func hasBrackets(name, pattern string) bool {
	keep := func(r rune) rune {
		if strings.ContainsRune("[]", r) {
			return r
		}
		return -1
	}
	return strings.Map(keep, name) == strings.Map(keep, pattern)
}

// An imageName is the name of an image, taken apart at the number of its frame.
type imageName struct {
	file           string
	prefix, ending string // ending: view and extension
	frame          int
}

// frameDigits finds the number of the frame: the last with as many digits as
// Blender writes, else the last number.
var frameDigits = regexp.MustCompile(`\d+`)

func newImageName(file string) imageName {
	name := filepath.Base(file)
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	all := frameDigits.FindAllStringIndex(stem, -1)
	if all == nil {
		return imageName{file: file, prefix: name}
	}
	at := all[len(all)-1]
	for _, a := range slices.Backward(all) {
		if a[1]-a[0] >= digitsWithout {
			at = a
			break
		}
	}
	frame, _ := strconv.Atoi(stem[at[0]:at[1]])
	return imageName{file, filepath.ToSlash(filepath.Dir(file)) + "/" + name[:at[0]], name[at[1]:], frame}
}

// sortFilms puts images into the order of their frames, and those of further
// views of the same frames into films of their own. Images of several names one
// after the other, as of several shots, stay one film.
func sortFilms(files []string) []film {
	var names []imageName
	prefixes := map[string]bool{}
	for _, file := range files {
		n := newImageName(file)
		names = append(names, n)
		prefixes[n.prefix] = true
	}
	for i, n := range names {
		// Blender writes frame -3 as -000003. A hyphen that all names have may as
		// well belong to the name.
		bare, negative := strings.CutSuffix(n.prefix, "-")
		if negative && (prefixes[bare] || strings.HasSuffix(bare, "/")) {
			names[i].prefix, names[i].frame = bare, -n.frame
		}
	}
	slices.SortStableFunc(names, func(a, b imageName) int {
		return cmp.Or(strings.Compare(a.prefix, b.prefix), cmp.Compare(a.frame, b.frame), strings.Compare(a.ending, b.ending))
	})
	views := viewsOf(names)
	if views == nil {
		all := film{}
		for _, n := range names {
			all.images = append(all.images, n.file)
		}
		return []film{all}
	}
	films := make([]film, len(views))
	for i, ending := range views {
		films[i].view = strings.TrimSuffix(ending, filepath.Ext(ending))
		for _, n := range names {
			if n.ending == ending {
				films[i].images = append(films[i].images, n.file)
			}
		}
	}
	return films
}

// viewsOf returns the endings of the views, sorted, if that is all in which
// names differ: every view has the same frames of the same name. Else it is nil.
func viewsOf(names []imageName) (endings []string) {
	frames := map[string][]int{}
	for _, n := range names {
		if n.prefix != names[0].prefix {
			return nil
		}
		frames[n.ending] = append(frames[n.ending], n.frame)
	}
	for ending, list := range frames {
		if !slices.Equal(list, frames[names[0].ending]) {
			return nil
		}
		endings = append(endings, ending)
	}
	if len(endings) < 2 {
		return nil
	}
	slices.Sort(endings)
	return endings
}
