package manager_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"renderfarm/farm"
)

// TestCopiesGoWithTheirJob removes the copied files of a job with the last job
// that uses them, also after a restart, and nothing else whatever metadata says.
func TestCopiesGoWithTheirJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t)
		shared := filepath.Join(f.home, "storage")
		for _, file := range []string{"submitted/mine/tex/a.png", "submitted/shared/a.blend", "submitted/other/a.blend", "outside/a.blend"} {
			path := filepath.Join(shared, filepath.FromSlash(file))
			f.must(errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)))
		}
		f.must(os.Symlink(filepath.Join(shared, "outside"), filepath.Join(shared, "submitted", "link")))
		submit := func(folder string) farm.JobID {
			return f.submit(frames(1), func(s *farm.Submission) { s.Metadata = map[string]string{farm.MetadataCopies: folder} })
		}
		remove := func(id farm.JobID) {
			f.must(f.DeleteJob(id))
			synctest.Wait()
		}
		mine, first, second := submit("mine"), submit("shared"), submit("shared")
		f.restart()
		third := submit("shared")
		there := func(file string, want bool) {
			t.Helper()
			if _, err := os.Stat(filepath.Join(shared, filepath.FromSlash(file))); (err == nil) != want {
				t.Errorf("%s: %v", file, err)
			}
		}
		remove(mine)
		there("submitted/mine", false)
		remove(first)
		remove(third)
		there("submitted/shared/a.blend", true)
		remove(second)
		there("submitted/shared", false)
		for _, folder := range []string{"", ".", "..", "../outside", "other/../other", "/etc", "link/a.blend", "other/a.blend", "gone", "link"} {
			remove(submit(folder))
		}
		there("submitted/other/a.blend", true)
		there("outside/a.blend", true)
	})
}
