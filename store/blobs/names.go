package blobs

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"renderfarm/farm"
)

// Bounds on names, in bytes: what the file systems of all platforms can hold.
const (
	maxName = 255
	maxPath = 3072 // leaves room for the folder of the shared storage

	maxDepth = 512 // folders inside each other: a link has "../" for each of them

	suffix = 5 // room for what makes a name unique
)

// A File is a file of a checkout.
type File struct {
	Key
	Path string // inside the checkout, forward slashes
}

// CheckFiles says what is wrong with a list of files, and returns it with
// paths in their shortest form and each once. A path is refused if it leaves the
// checkout, if some computer of the farm would read it differently, or if it
// cannot be told from another one on some computer.
func CheckFiles(files []File) ([]File, error) {
	all := make([]File, 0, len(files))
	taken := make(map[string]int, len(files)) // by folded path: index in all
	for _, f := range files {
		clean, err := cleanPath(f.Path)
		if err != nil {
			return nil, err
		}
		if err := f.Key.Check(); err != nil {
			return nil, farm.Errorf(farm.Invalid, "file %q: %w", clip(f.Path), err)
		}
		f.Path = clean
		key := fold(clean)
		i, ok := taken[key]
		switch {
		case !ok:
			taken[key] = len(all)
			all = append(all, f)
		case all[i].Path == clean && all[i].Key == f.Key:
		case all[i].Path == clean:
			return nil, farm.Errorf(farm.Invalid, "the path %q is given twice, for different files", clip(clean))
		case all[i].Key == f.Key:
			all = append(all, f)
		default:
			return nil, farm.Errorf(farm.Invalid, "the different files %q and %q have names that Windows and macOS take for the same one (upper and lower case, or the form of accents): rename one of them", clip(all[i].Path), clip(clean))
		}
	}
	return all, checkFolders(all, taken)
}

// checkLengths refuses files that would be too deep down or have too long a path
// in the checkout. The system would refuse them too, but not in a way that can be
// told from a shared storage that allows no links.
func checkLengths(checkout string, files []File) error {
	for _, f := range files {
		if len(checkout)+2*suffix+1+len(f.Path) > maxPath || strings.Count(checkout, "/")+strings.Count(f.Path, "/") > maxDepth {
			return farm.Errorf(farm.Invalid, "the path %q cannot be used in a checkout at %q: together they are too long. Use a shorter name for the job, or fewer folders", clip(f.Path), clip(checkout))
		}
	}
	return nil
}

// checkFolders finds paths that are a file and a folder at once.
func checkFolders(files []File, taken map[string]int) error {
	checked := make(map[string]bool)
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "." && !checked[dir]; dir = path.Dir(dir) {
			checked[dir] = true
			if i, ok := taken[fold(dir)]; ok {
				return farm.Errorf(farm.Invalid, "the path %q is a file, and the folder of %q", clip(files[i].Path), clip(f.Path))
			}
		}
	}
	return nil
}

// fold returns a form that two names have in common when some file system
// takes them for one.
func fold(name string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(name)))
}

// cleanPath returns the path of a file inside a checkout in its shortest form.
func cleanPath(p string) (string, error) {
	if err := checkPath(p); err != nil {
		return "", err
	}
	clean := path.Clean(p)
	if clean == "." {
		return "", farm.Errorf(farm.Invalid, "the path %q of a file names no file", clip(p))
	}
	for part := range strings.SplitSeq(clean, "/") {
		if err := checkName(part); err != nil {
			return "", farm.Errorf(farm.Invalid, "the path %q cannot be used in a checkout: %w", clip(p), err)
		}
	}
	return clean, nil
}

// checkPath refuses what is no relative path with forward slashes.
func checkPath(p string) error {
	problem := ""
	switch {
	case p == "":
		problem = "it is empty"
	case len(p) > maxPath:
		problem = "it is too long"
	case !utf8.ValidString(p) || strings.ContainsRune(p, utf8.RuneError):
		problem = "it is not valid UTF-8"
	case strings.ContainsFunc(p, unicode.IsControl):
		problem = "it has control characters"
	case strings.HasPrefix(p, "/"):
		problem = "it is absolute; paths are relative to the checkout"
	case strings.Contains(p, `\`):
		problem = "it has a backslash; separate folders with /"
	case len(p) > 1 && p[1] == ':' && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z'):
		problem = "it begins with a drive letter; paths are relative to the checkout"
	case slices.Contains(strings.Split(p, "/"), ".."):
		problem = "it has .. and could leave the checkout"
	default:
		return nil
	}
	return farm.Errorf(farm.Invalid, "the path %q cannot be used in a checkout: %s", clip(p), problem)
}

// checkName refuses a name that the file systems of some platform cannot hold.
func checkName(name string) error {
	if len(name) > maxName {
		return farm.Errorf(farm.Invalid, "the name %q is longer than %d bytes", clip(name), maxName)
	}
	if isDevice(name) {
		return farm.Errorf(farm.Invalid, "%q is the name of a device on Windows; rename it", name)
	}
	return checkPlatformName(name)
}

// isDevice reports whether Windows takes the name for a device: CON, NUL.txt, com1.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	rest, com := strings.CutPrefix(base, "COM")
	if !com {
		rest, com = strings.CutPrefix(base, "LPT")
	}
	return com && (len(rest) == 1 && rest[0] >= '0' && rest[0] <= '9' || rest == "¹" || rest == "²" || rest == "³")
}

// checkCheckoutPath returns a wanted path of a checkout in a form that can be
// used. The wire refuses some characters; others that some platform cannot have in
// a name are replaced, since the answer says which path was used.
func checkCheckoutPath(p string) (string, error) {
	const refused = "?*:;{}\\"
	problem := ""
	switch {
	case strings.TrimSpace(p) == "":
		problem = "it is empty"
	case strings.HasPrefix(p, "/"):
		problem = "it begins with /"
	case strings.ContainsAny(p, refused):
		problem = "it has one of the characters ? * : ; { } \\"
	case strings.Contains(p, "../") || strings.Contains(p, "/..") || p == "..":
		problem = "it has .."
	case len(p) > maxPath:
		problem = "it is too long"
	}
	if problem != "" {
		return "", farm.Errorf(farm.Invalid, "a checkout cannot be at %q: %s. The path is usually the job's name; rename the job", clip(p), problem)
	}
	var parts []string
	for part := range strings.SplitSeq(p, "/") {
		if part = usableName(part); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", farm.Errorf(farm.Invalid, "a checkout cannot be at %q: no name is left of it. Rename the job", clip(p))
	}
	return strings.Join(parts, "/"), nil
}

// usableName returns the part of a checkout's path as every platform can have
// it; "" if nothing is left.
func usableName(part string) string {
	part = strings.ToValidUTF8(part, "_")
	part = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`<>"|`, r) {
			return '_'
		}
		return r
	}, part)
	for len(part) > maxName-suffix {
		_, size := utf8.DecodeLastRuneInString(part)
		part = part[:len(part)-size]
	}
	part = strings.TrimRight(part, ". ") // Windows drops them without a word
	if isDevice(part) {
		part = "_" + part
	}
	return part
}
