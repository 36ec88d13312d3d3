package blendfile

import (
	"cmp"
	"context"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// TraceUnaided is Trace without a Blender: it packs what Read can see, of the
// file and of its libraries to any depth. As no path can be changed, only what
// moves with the .blend and is in the project has a place in the pack; the rest
// is in Missing, and the first warning says what could not be seen at all.
func TraceUnaided(ctx context.Context, file string, o TraceOptions) (*Pack, error) {
	file, project, err := inProject(file, o.Project)
	if err != nil {
		return nil, err
	}
	u := &unaided{file: file, root: project, exclude: o.Exclude, seen: map[string]bool{}, packed: map[string]PackFile{}, libraries: []library{{path: file}}}
	for len(u.libraries) > 0 {
		next := u.libraries[0]
		u.libraries = u.libraries[1:]
		if err := u.open(ctx, next); err != nil {
			return nil, err
		}
	}
	p := &Pack{Blend: u.target(file), Root: project, Missing: u.missing, Warnings: u.warnings}
	if len(p.Warnings) == 0 {
		p.Warnings = []string{"without a Blender that can read the files, Farm does not see " + notSeen}
	}
	for _, f := range u.packed {
		p.Files = append(p.Files, f)
	}
	slices.SortFunc(p.Files, func(a, b PackFile) int { return strings.Compare(a.Target, b.Target) })
	return p, nil
}

// A library is a .blend that has to be looked into.
type library struct {
	path, by string // by is the one that asks for it; "" for the file itself
	owner    [2]string
}

// An unaided search.
type unaided struct {
	file      string // the .blend itself
	root      string
	exclude   []string
	libraries []library // to be looked into
	seen      map[string]bool
	packed    map[string]PackFile // by target
	missing   []MissingFile
	warnings  []string
}

// target returns the place of a file that is in the project.
func (u *unaided) target(file string) string {
	rel, err := filepath.Rel(u.root, file)
	if err != nil {
		return filepath.Base(file)
	}
	return filepath.ToSlash(rel)
}

// open looks into one .blend.
func (u *unaided) open(ctx context.Context, l library) error {
	if u.seen[l.path] {
		return nil
	}
	u.seen[l.path] = true
	err := Check(l.path)
	var c *contents
	if err == nil {
		c, err = readContents(ctx, l.path)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && l.by == "":
		if check := Check(l.path); check != nil {
			return check
		}
		// Of a form that only a newer Blender knows: whoever submits it knows it as well.
		u.warnings = append(u.warnings, "nothing can be seen of what the file needs: "+err.Error())
		u.pack(l.path)
		return nil
	case err != nil: // the others are as good as they were
		by := l.by
		if by == u.file {
			by = ""
		}
		u.missing = append(u.missing, MissingFile{l.path, l.owner, by, "library", err.Error()})
		return nil
	}
	u.pack(l.path)
	from := l.path
	if l.by == "" {
		from = "" // the file itself
	}
	for _, r := range c.refs() {
		u.add(r, filepath.Dir(l.path), from)
	}
	return nil
}

// pack adds one file.
func (u *unaided) pack(file string) bool {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	target := u.target(file)
	u.packed[target] = PackFile{Source: file, Target: target, Size: info.Size()}
	return true
}

// add packs what a path stands for, or notes why it cannot.
func (u *unaided) add(r ref, folder, from string) {
	raw := strings.ReplaceAll(r.path, `\`, "/")
	file := filepath.FromSlash(raw)
	relative, moves := strings.CutPrefix(raw, "//")
	if moves {
		file = filepath.Join(folder, filepath.FromSlash(relative))
	}
	if u.isExcluded(file) {
		return
	}
	miss := func(why string) {
		owner := [2]string{strings.ToUpper(r.kind), r.owner}
		u.missing = append(u.missing, MissingFile{file, owner, from, r.kind, why})
	}
	switch {
	case !moves:
		miss("its path is absolute, and only a Blender can change it")
	case !isBelow(file, u.root):
		miss("it is outside of the project, and only a Blender can change its path")
	case r.kind == "library":
		u.libraries = append(u.libraries, library{file, cmp.Or(from, u.file), [2]string{"LIBRARY", r.owner}})
	default:
		for _, view := range viewPaths(file, r.views) {
			found := false
			for _, f := range spread(r, view) {
				if !u.isExcluded(f) {
					found = u.pack(f) || found
				}
			}
			if file = view; !found {
				miss("there is no such file")
			}
		}
	}
}

// isExcluded reports whether a pattern matches the file's name or place.
func (u *unaided) isExcluded(file string) bool {
	target := strings.ToLower(u.target(file))
	return slices.ContainsFunc(u.exclude, func(pattern string) bool {
		pattern = strings.TrimRight(strings.ToLower(filepath.ToSlash(pattern)), "/")
		for name := target; name != "." && name != "/"; name = path.Dir(name) { // the folders it is in as well
			if ok, err := path.Match(pattern, name); ok && err == nil {
				return true
			}
		}
		ok, err := path.Match(pattern, path.Base(target))
		return ok && err == nil
	})
}

// lastNumber finds the last number of a name without its ending.
var lastNumber = regexp.MustCompile(`^(.*?)(\d+)(\D*)$`)

// viewPaths returns the path of each view of a file whose name ends like one of
// them; see files.py for the rule.
func viewPaths(file string, views []string) []string {
	ext := filepath.Ext(file)
	stem := strings.TrimSuffix(file, ext)
	for _, view := range views {
		if head, ok := strings.CutSuffix(stem, view); ok && view != "" {
			var paths []string
			for _, v := range views {
				paths = append(paths, head+v+ext)
			}
			return paths
		}
	}
	return []string{file}
}

// spread returns the files that a path stands for; see files.py for the rules.
func spread(r ref, file string) []string {
	head, tail, between := filepath.Base(file), "", ""
	ext := filepath.Ext(head)
	switch {
	case r.tiles && strings.Contains(head, "<UVTILE>"):
		head, tail, _ = strings.Cut(head, "<UVTILE>")
		between = `u\d+_v\d+`
	case r.tiles:
		before, after, ok := strings.Cut(head, "<UDIM>")
		if !ok {
			before, after, ok = strings.Cut(head, "1001")
		}
		if ok {
			head, tail, between = before, after, `\d{4}`
		}
	case r.sequence:
		if m := lastNumber.FindStringSubmatch(strings.TrimSuffix(head, ext)); m != nil {
			head, tail, between = m[1], m[3]+ext, `\d+`
		}
	}
	if between == "" {
		return []string{file}
	}
	match, err := regexp.Compile("^" + regexp.QuoteMeta(head) + between + regexp.QuoteMeta(tail) + "$")
	list, errDir := os.ReadDir(filepath.Dir(file))
	if err != nil || errDir != nil {
		return nil
	}
	var files []string
	for _, e := range list {
		if match.MatchString(e.Name()) {
			files = append(files, filepath.Join(filepath.Dir(file), e.Name()))
		}
	}
	return files
}
