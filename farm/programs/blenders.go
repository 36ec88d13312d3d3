package programs

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"renderfarm/farm"
)

// Blenders returns the executables on this computer that look like a Blender, each
// once, without starting any: those that are listed first, then those on the PATH,
// and with usual also those in the folders where people, installers and Steam put
// them. What is listed is a file, or a folder with Blender or with folders of Blenders.
func Blenders(listed []string, usual bool) []string {
	s := search{seen: map[string]bool{}}
	for _, place := range listed {
		s.add(place)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) { // a relative one means another folder in each process
			s.named(dir)
		}
	}
	if !usual {
		return s.found
	}
	for _, path := range installedBlenders() {
		s.file(path)
	}
	home, _ := os.UserHomeDir()
	for _, pattern := range usualPlaces(home) {
		matches, _ := filepath.Glob(pattern) // the patterns are valid
		slices.SortFunc(matches, func(a, b string) int { return strings.Compare(b, a) })
		for _, place := range matches {
			s.add(place)
		}
	}
	for _, steam := range steamFolders(home) {
		for _, library := range steamLibraries(steam) {
			s.add(filepath.Join(library, "steamapps", "common", "Blender"))
		}
	}
	return s.found
}

// maxBlenders bounds how many are found, and maxEntries how much of a folder is read.
const (
	maxBlenders = 64
	maxEntries  = 1000
)

// A search collects executables.
type search struct {
	found []string
	seen  map[string]bool // by real path
}

// add takes a file, or a folder with Blender in it, or with folders of Blenders.
func (s *search) add(place string) {
	info, err := os.Stat(place)
	if err != nil {
		return
	}
	if !info.IsDir() {
		s.file(place)
		return
	}
	if s.within(place) {
		return
	}
	for _, name := range entries(place) {
		if !strings.HasPrefix(name, ".") {
			s.within(filepath.Join(place, name))
		}
	}
}

// within takes the Blender of a folder that was unpacked or installed, and reports
// whether there is one.
func (s *search) within(dir string) bool {
	for _, name := range executables {
		if s.file(filepath.Join(dir, name)) {
			return true
		}
	}
	return false
}

// executables are what Blender is called in its folder.
var executables = []string{"blender" + exeSuffix(), filepath.Join("Contents", "MacOS", "Blender"), filepath.Join("Blender.app", "Contents", "MacOS", "Blender")}

// withVersion are names of Blenders on the PATH: blender, blender-4.2, blender52.
var withVersion = regexp.MustCompile(`(?i)^blender([-_]?[0-9][0-9.]*)?(\.exe)?$`)

// named takes what is called like a Blender in a folder of the PATH.
func (s *search) named(dir string) {
	s.file(filepath.Join(dir, "blender"+exeSuffix()))
	found, _ := filepath.Glob(filepath.Join(globEscape(dir), "[bB]lender*"))
	for _, path := range found {
		if withVersion.MatchString(filepath.Base(path)) {
			s.file(path)
		}
	}
}

// globEscape makes a pattern of a path that stands for just this path. Windows has no
// escapes in patterns, and hardly ever needs them.
func globEscape(path string) string {
	if runtime.GOOS == "windows" {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// file takes an executable that was not found before under another name, and reports
// whether it is one.
func (s *search) file(path string) bool {
	if !isExecutable(path) {
		return false
	}
	path = absolute(path)
	real, err := filepath.EvalSymlinks(path)
	if err != nil || !strings.Contains(strings.ToLower(filepath.Base(real)), "blender") {
		real = path // a launcher, such as that of snap, which is the same for all it starts
	}
	if !s.seen[real] && len(s.found) < maxBlenders {
		s.seen[real] = true
		s.found = append(s.found, path)
	}
	return true
}

// entries are the first names in a folder, in order.
func entries(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxEntries) // what can be read is enough
	slices.Sort(names)
	return names
}

var steamPath = regexp.MustCompile(`(?m)^\s*"path"\s+"(.+)"\s*$`)

// steamLibraries returns the folders in which a Steam keeps games and programs.
func steamLibraries(steam string) []string {
	libraries := []string{steam}
	f, err := os.Open(filepath.Join(steam, "steamapps", "libraryfolders.vdf"))
	if err != nil {
		return libraries
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(bufio.NewReader(f), 1<<20))
	for _, m := range steamPath.FindAllStringSubmatch(string(text), maxBlenders) {
		libraries = append(libraries, strings.ReplaceAll(m[1], `\\`, `\`))
	}
	return libraries
}

// BlenderIn returns the Blender in a folder that an archive was unpacked into. The kind
// of error is farm.NotFound.
func BlenderIn(dir string) (string, error) {
	s := search{seen: map[string]bool{}}
	if s.add(dir); len(s.found) == 0 {
		return "", farm.Errorf(farm.NotFound, "there is no Blender in %s", dir)
	}
	return s.found[0], nil
}
