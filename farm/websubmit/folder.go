package websubmit

import (
	"cmp"
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/submit"
)

// Bounds on the folders of users.
const (
	maxFiles    = 20_000    // of one
	maxAllFiles = 200_000   // of all submissions
	maxPath     = 1024      // bytes of a path in it
	maxDepth    = 64        // folders inside each other
	maxTaken    = 256 << 30 // bytes of what a job takes along
)

// A sentFile is a file of the user's folder. Until it arrives there is an empty one in its
// place, or none if it is the .blend.
type sentFile struct {
	size int64
	sha  string // by which the file store has its content; "" if it is not there
	here bool   // its content is in the submission's folder
}

func (f *sentFile) arrived() bool { return f.here || f.sha != "" }

// expect prepares for a file that is sent next, alone or out of a folder.
func (d *Desk) expect(s *submission, file api.SubmissionFile) error {
	list := file.Files
	ext := path.Ext(file.Name)
	s.main = file.Name
	if len(list) == 0 { // alone it may have any name
		s.main = farm.FolderName(strings.TrimSuffix(file.Name, ext)) + ".blend"
		list = []api.FolderFile{{Path: s.main, Size: file.Size}}
	}
	if !strings.EqualFold(ext, ".blend") || strings.ContainsAny(file.Name, "\\\x00") || len(file.Files) == 0 && strings.Contains(file.Name, "/") {
		return farm.Errorf(farm.Invalid, "%q is no .blend file: drop one that Blender saved", farm.CutText(file.Name, 100))
	}
	if len(list) > maxFiles {
		return farm.Errorf(farm.TooLarge, "the folder has %s, and a browser can send %d at most: drop a smaller folder, or use \"farm submit\"", farm.Count(len(list), "file"), maxFiles)
	}
	s.files, s.count = make(map[string]*sentFile, len(list)), len(list)
	for _, f := range list {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		switch {
		case s.files[f.Path] != nil:
			return farm.Errorf(farm.Invalid, "the folder has %q twice", farm.CutText(f.Path, 200))
		case f.Size < 0:
			return farm.Errorf(farm.Invalid, "the size %d of %q cannot be negative", f.Size, farm.CutText(f.Path, 200))
		}
		s.files[f.Path] = &sentFile{size: f.Size, here: f.Size == 0}
	}
	for name := range s.files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if s.files[dir] != nil {
				return farm.Errorf(farm.Invalid, "%q is a file, and the folder of another one", farm.CutText(dir, 200))
			}
		}
	}
	switch f := s.files[s.main]; {
	case f == nil:
		return farm.Errorf(farm.Invalid, "the folder has no %q", farm.CutText(s.main, 200))
	case f.size == 0:
		return farm.Errorf(farm.Invalid, "the file is empty")
	case f.size < 0 || f.size > maxFile:
		return tooLarge(f.size)
	}
	s.folder = filepath.Join(d.Uploads, s.id)
	s.file = filepath.Join(s.folder, filepath.FromSlash(s.main))
	return d.room(s.files[s.main].size)
}

func tooLarge(size int64) error {
	return farm.Errorf(farm.TooLarge, "the file has %s, and a browser can send %s at most: put it into the shared storage, or use \"farm submit\"", farm.Size(size), farm.Size(maxFile))
}

// checkPath refuses what is no plain path in a folder, on any platform.
func checkPath(name string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) || r == '\\' || r == utf8.RuneError }
	switch {
	case len(name) > maxPath || strings.Count(name, "/") >= maxDepth:
		return farm.Errorf(farm.Invalid, "the path %q in the folder is too long", farm.CutText(name, 200))
	case name == "." || name != path.Clean(name) || !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsFunc(name, bad):
		return farm.Errorf(farm.Invalid, "%q is no path in a folder, or not on every computer: rename it", farm.CutText(name, 200))
	}
	return nil
}

// layOut makes an empty file of each name in the user's folder but the .blend.
func (s *submission) layOut() error {
	if s.folder == "" {
		return nil
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return err
	}
	defer root.Close()
	made := map[string]bool{}
	for name := range s.files {
		if dir := path.Dir(name); !made[dir] {
			if err := root.MkdirAll(filepath.FromSlash(dir), 0o700); err != nil {
				return unusable(name, err)
			}
			made[dir] = true
		}
		if name == s.main {
			continue
		}
		file, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return unusable(name, err)
		}
		if err := file.Close(); err != nil {
			return unusable(name, err)
		}
	}
	return nil
}

// unusable says of which file the manager's disk cannot have the name, as it says itself.
func unusable(name string, err error) error {
	return farm.Errorf(farm.Invalid, "the manager's disk cannot have a file %q beside the others of the folder: %w", farm.CutText(name, 200), err)
}

// expected returns a file of the user's folder that may arrive.
func (s *submission) expected(name string) (*sentFile, error) {
	f := s.files[name]
	if f == nil {
		return nil, farm.Errorf(farm.Invalid, "the folder has no %q", farm.CutText(name, 200))
	}
	if f.size > maxFile {
		return nil, tooLarge(f.size)
	}
	return f, nil
}

// bears refuses more bytes than may go with a job.
func (s *submission) bears(more int64) error {
	for _, f := range s.files {
		if f.arrived() {
			more += f.size
		}
	}
	if more > maxTaken {
		return farm.Errorf(farm.TooLarge, "the file needs more than %s, which is too much for a browser: put all of it into the shared storage, or use \"farm submit\"", farm.Size(maxTaken))
	}
	return nil
}

// Take takes files of the user's folder that are in the file store; Missing if one is not.
// What is looked into to know what else is needed is copied from there.
func (d *Desk) Take(ctx context.Context, id string, files []api.FolderFile) error {
	s, done, err := d.use(id)
	if err != nil {
		return err
	}
	defer done()
	more := int64(0)
	for _, given := range files {
		f, err := s.expected(given.Path)
		if err != nil {
			return err
		}
		if f.size != given.Size || given.SHA == "" {
			return farm.Errorf(farm.Invalid, "%q had %d bytes when the folder was dropped, and has %d now: drop the folder again", farm.CutText(given.Path, 200), f.size, given.Size)
		}
		if !f.arrived() {
			more += f.size
		}
		if more > maxTaken {
			break // the sum of many could not be held in 64 bits
		}
	}
	if err := s.bears(more); err != nil {
		return err
	}
	for _, given := range files {
		if err := d.takeStored(ctx, s, given, given.Path == s.main || lookedInto(given.Path)); err != nil {
			return err
		}
		s.files[given.Path].sha = given.SHA
	}
	return nil
}

// takeStored takes one file that is in the file store, with its content if that is wanted.
func (d *Desk) takeStored(ctx context.Context, s *submission, f api.FolderFile, content bool) error {
	file, err := d.Open(ctx, f.SHA, f.Size)
	if farm.KindOf(err) == farm.NotFound {
		return farm.Errorf(farm.Missing, "%q has not arrived in the file store: send it again", farm.CutText(f.Path, 200))
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if !content {
		return nil
	}
	return d.fill(s, f.Path, file)
}

// lookedInto reports whether a file may need others, by its name.
func lookedInto(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".blend", ".usd", ".usda", ".usdc", ".usdz":
		return true
	}
	return false
}

// Needs says what of the user's folder is to be sent next. It does not say that something
// is missing: see Check.
func (d *Desk) Needs(ctx context.Context, id string) (needs api.SubmissionNeeds, err error) {
	s, done, err := d.use(id)
	if err != nil || s.folder == "" {
		if err == nil {
			done()
		}
		return needs, err
	}
	defer done()
	needed := map[string]bool{s.main: true}
	if s.files[s.main].here {
		if needed, err = d.find(ctx, s); err != nil {
			return needs, err
		}
	}
	var rest []string
	for name := range needed {
		f := s.files[name]
		needs.Needed++
		needs.Bytes += f.size
		switch {
		case !f.here && (name == s.main || lookedInto(name)):
			needs.Send = append(needs.Send, name)
		case !f.arrived():
			rest = append(rest, name)
		}
	}
	if needs.First = len(needs.Send) > 0; !needs.First {
		needs.Send = rest
	}
	return needs, nil
}

// find returns the paths of all files of the user's folder that the .blend needs, as far as
// those it needs have arrived, and its own.
func (d *Desk) find(ctx context.Context, s *submission) (map[string]bool, error) {
	leave, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	paths, err := (&submit.Submitter{Scripts: d.Scripts}).Needs(ctx, s.file, s.folder)
	if err != nil {
		return nil, refusal(err)
	}
	needed := map[string]bool{s.main: true}
	for _, p := range paths {
		if name := s.nameOf(p); s.files[name] != nil {
			needed[name] = true
		}
	}
	return needed, nil
}

// nameOf returns the path in the user's folder of a file; "" if it is not in it.
func (s *submission) nameOf(file string) string {
	rel, err := filepath.Rel(cmp.Or(s.folder, "."), file)
	if err != nil || s.folder == "" || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// stored is for submit.Submitter.
func (s *submission) stored(source string) (sha string, size int64, ok bool) {
	f := s.files[s.nameOf(source)]
	if f == nil || f.sha == "" {
		return "", 0, false
	}
	return f.sha, f.size, true
}

// inStore reports whether a file is in the file store, and so all have to go there.
func (s *submission) inStore() bool {
	for _, f := range s.files {
		if f.sha != "" {
			return true
		}
	}
	return false
}

// lacks reports whether the submission's folder has empty files in the place of others.
func (s *submission) lacks() bool {
	for _, f := range s.files {
		if !f.here {
			return true
		}
	}
	return false
}

// rewritten reports whether a submission has a copy of a .blend in which paths are different.
func rewritten(u *submit.Submission) bool {
	for _, f := range u.Files() {
		if f.Rewritten {
			return true
		}
	}
	return false
}

// waiting returns a file that goes with the job and has not arrived; "" if all have.
func (s *submission) waiting(u *submit.Submission) string {
	for _, f := range u.Files() {
		if sent := s.files[s.nameOf(f.Source)]; sent != nil && !sent.arrived() {
			return s.nameOf(f.Source)
		}
	}
	return ""
}

// bring copies the content of files from the file store, if a .blend was rewritten beside
// empty ones: Blender looks at some of the files that it gives other paths. It reports
// whether it did, so that the .blend has to be rewritten once more.
func (d *Desk) bring(ctx context.Context, s *submission, u *submit.Submission) (bool, error) {
	if !rewritten(u) {
		return false, nil
	}
	brought := false
	for _, f := range u.Files() {
		name := s.nameOf(f.Source)
		sent := s.files[name]
		if sent == nil || sent.here {
			continue
		}
		brought = true
		if err := d.takeStored(ctx, s, api.FolderFile{Path: name, Size: sent.size, SHA: sent.sha}, true); err != nil {
			return false, err
		}
	}
	return brought, nil
}
