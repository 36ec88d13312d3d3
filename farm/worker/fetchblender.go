package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/programs"
	"renderfarm/farm/unpack"
)

// The farm may have archives of Blender for its workers. A worker fetches one when it
// gets a task that needs it, unpacks it into its own folder, and removes it when it was
// not used for long.

const (
	fetchedFolder  = "blenders"          // in Options.Dir
	fetchingPrefix = ".fetching-"        // of what is not whole yet
	usedFile       = ".farm-used"        // in the folder of each; its time is that of the last use
	maxArchive     = 4 << 30             // bytes of an archive
	fetchLimit     = time.Hour           // for fetching and unpacking one
	unusedFor      = 30 * 24 * time.Hour // then it is removed
)

// maxUnpacked bounds what is in an archive. Blender 5.2 has about 1.3 GB in 8,000 files.
var maxUnpacked = unpack.Limits{Bytes: 12 << 30, Files: 200_000}

func (v *inventory) fetchedDir() string { return filepath.Join(v.w.options.Dir, fetchedFolder) }

// fetched returns the folders of what was fetched.
func (v *inventory) fetched() (dirs []string) {
	entries, _ := os.ReadDir(v.fetchedDir()) // usually there is none
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			dirs = append(dirs, filepath.Join(v.fetchedDir(), e.Name()))
		}
	}
	return dirs
}

// ask finds out which Blenders the farm offers for this computer.
func (v *inventory) ask(ctx context.Context) {
	manager := v.w.manager()
	if manager == nil {
		return
	}
	list, err := manager.FetchBlenderOffers(ctx)
	if err != nil {
		if !api.IsNotFound(err) { // another program's manager has none
			v.w.log.Debug("the manager does not say which Blenders it offers", "error", err)
		}
		return
	}
	offers := slices.DeleteFunc(list.Blenders, func(o farm.BlenderOffer) bool {
		return o.Platform != platform || o.Arch != runtime.GOARCH || o.Size > maxArchive
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	v.offers = offers
}

// offered returns what the farm offers for this computer.
func (v *inventory) offered() []farm.BlenderOffer {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.offers
}

// fetchFor fetches the Blender of the version from the farm, if it is offered there, and
// returns its path. Where no newer Blender is installed the oldest newer offer will do.
func (v *inventory) fetchFor(ctx context.Context, of farm.BlenderVersion, newer bool, say func(format string, args ...any)) (path string, ok bool, err error) {
	var best farm.BlenderOffer
	var is farm.BlenderVersion
	for _, o := range v.offered() {
		version, _ := farm.ParseBlenderVersion(o.Version)
		if version == of || newer && version.Compare(of) > 0 && (is.IsZero() || version.Compare(is) < 0) {
			if best, is = o, version; version == of {
				break
			}
		}
	}
	if is.IsZero() {
		return "", false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	path, err = v.fetch(ctx, best, say)
	if err != nil {
		return "", false, farm.Errorf(farm.Unavailable, "Blender %s cannot be fetched from the farm: %w", best.Version, err)
	}
	v.again() // it is to be listed
	return path, true, nil
}

// fetch brings an archive here and unpacks it, all in a folder that gets its name when
// it is whole. One worker has one task at a time, so nobody else does the same.
func (v *inventory) fetch(ctx context.Context, o farm.BlenderOffer, say func(format string, args ...any)) (string, error) {
	home := v.fetchedDir()
	dir := filepath.Join(home, folderOf(o))
	if path, err := blenderIn(ctx, v.w, dir, o); err == nil {
		return path, nil // fetched before
	}
	say("Fetching Blender %s from the farm: %s, %s", o.Version, o.Name, farm.Size(o.Size))
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(home, fetchingPrefix)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	archive := filepath.Join(temp, "archive"+suffixOf(o.Name))
	if err := v.download(ctx, o, archive); err != nil {
		return "", err
	}
	whole := filepath.Join(temp, "unpacked")
	if err := os.Mkdir(whole, 0o755); err != nil {
		return "", err
	}
	if err := unpack.Archive(ctx, archive, whole, maxUnpacked); err != nil {
		return "", err
	}
	if _, err := blenderIn(ctx, v.w, whole, o); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(whole, usedFile), nil, 0o644); err != nil {
		return "", err
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(whole, dir)); err != nil {
		return "", err
	}
	return blenderIn(ctx, v.w, dir, o)
}

// download writes an archive, and makes sure that it is what was offered.
func (v *inventory) download(ctx context.Context, o farm.BlenderOffer, file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	err = v.w.manager().FetchBlender(ctx, o.SHA256, o.Size+1, io.MultiWriter(f, sum))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return checkSum(sum, o)
}

func checkSum(sum hash.Hash, o farm.BlenderOffer) error {
	if got := hex.EncodeToString(sum.Sum(nil)); got != o.SHA256 {
		return fmt.Errorf("what came is not %s: its SHA-256 is %s, and %.64s was offered", o.Name, got, o.SHA256)
	}
	return nil
}

// blenderIn returns the Blender in a folder that was unpacked. It must be the version
// that was offered.
func blenderIn(ctx context.Context, w *Worker, dir string, o farm.BlenderOffer) (string, error) {
	path, err := programs.BlenderIn(dir)
	if err != nil {
		return "", err
	}
	text, err := w.versions.of(ctx, path)
	if err != nil {
		return "", err
	}
	want, _ := farm.ParseBlenderVersion(o.Version)
	if got, _ := farm.ParseBlenderVersion(text); got != want {
		return "", fmt.Errorf("%s has Blender %s in it", o.Name, text)
	}
	return path, nil
}

// folderOf names the folder of an archive, by its content: another archive of the same
// name gets another one.
func folderOf(o farm.BlenderOffer) string {
	version, _ := farm.ParseBlenderVersion(o.Version) // the name itself comes from elsewhere
	return fmt.Sprintf("blender-%s-%s", version, cleanHex(o.SHA256))
}

// cleanHex returns the first digits of a checksum, and nothing that is none.
func cleanHex(sum string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789abcdef", r) {
			return r
		}
		return -1
	}, sum[:min(len(sum), 16)])
}

// suffixOf returns how the name of an archive ends, as far as it can be unpacked.
func suffixOf(name string) string {
	for _, suffix := range unpack.Suffixes {
		if strings.HasSuffix(name, suffix) {
			return suffix
		}
	}
	return ""
}

// use notes that a Blender is used, if it was fetched.
func (v *inventory) use(path string) {
	rest, ok := strings.CutPrefix(path, v.fetchedDir()+string(filepath.Separator))
	if folder, _, _ := strings.Cut(rest, string(filepath.Separator)); ok && folder != "" {
		now := time.Now()
		_ = os.Chtimes(filepath.Join(v.fetchedDir(), folder, usedFile), now, now) // it may be removed too soon, and is fetched again
	}
}

// clean removes what was fetched and not used for long, and what a crash left.
func (v *inventory) clean() {
	entries, err := os.ReadDir(v.fetchedDir())
	if err != nil {
		return // usually there is none
	}
	for _, e := range entries {
		dir := filepath.Join(v.fetchedDir(), e.Name())
		looked := filepath.Join(dir, usedFile)
		limit := unusedFor
		if strings.HasPrefix(e.Name(), fetchingPrefix) {
			looked, limit = dir, 2*fetchLimit
		}
		info, err := os.Stat(looked)
		if err != nil || time.Since(info.ModTime()) < limit {
			continue
		}
		v.w.log.Info("a Blender of the farm was not used for long, and is removed", "folder", dir)
		if err := os.RemoveAll(dir); err != nil {
			v.w.log.Warn("a Blender of the farm cannot be removed", "folder", dir, "error", err)
		}
	}
}
