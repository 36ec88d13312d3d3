package manager

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
)

// blendersFolder is the folder in the manager's home with archives of Blender for
// workers, as blender.org has them.
const blendersFolder = "blenders"

// maxOffers bounds how many archives are offered.
const maxOffers = 100

// offered are the names of archives that workers can unpack. What blender.org has for
// macOS is a disk image, which only macOS itself can open, and with rights of its own.
var offered = regexp.MustCompile(`^blender-([0-9]+\.[0-9]+(?:\.[0-9]+)?)[^/]*-(linux|windows)-(x64|arm64)\.(tar\.xz|zip)$`)

// offers are the archives of Blender that the manager has for workers.
type offers struct {
	mu    sync.Mutex // guards known and told
	known map[string]knownArchive
	told  map[string]bool // files of which it was said that they cannot be offered

	summing sync.Mutex // held while archives are read, one after the other; taken before mu
}

// A knownArchive is an archive that was read, and how its file looked then.
type knownArchive struct {
	farm.BlenderOffer
	modified time.Time
}

// BlenderOffers returns the archives whose checksum is known, the newest first. It waits
// a while for those that are not known yet; what takes longer is in a later answer.
func (m *Manager) BlenderOffers(ctx context.Context) []farm.BlenderOffer {
	all, unknown := m.knownOffers()
	if unknown && m.offers.summing.TryLock() {
		read := make(chan struct{})
		m.done.Go(func() {
			defer m.offers.summing.Unlock()
			defer close(read)
			m.readArchives()
		})
		limit := time.NewTimer(offerPatience)
		defer limit.Stop()
		select {
		case <-read:
			all, _ = m.knownOffers()
		case <-limit.C:
		case <-ctx.Done():
		}
	}
	return all
}

// offerPatience is how long a request for offers waits for checksums.
const offerPatience = 10 * time.Second

// knownOffers returns the archives whose checksum is known, and whether there are others.
func (m *Manager) knownOffers() (all []farm.BlenderOffer, unknown bool) {
	for _, file := range m.archives() {
		if known, ok := m.offers.find(file); ok {
			all = append(all, known.BlenderOffer)
		} else {
			unknown = true
		}
	}
	return all, unknown
}

// archives returns what can be offered, by the names and looks of the files.
func (m *Manager) archives() (all []knownArchive) {
	dir := filepath.Join(m.home, blendersFolder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // usually there is none
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		parts := offered.FindStringSubmatch(e.Name())
		if parts == nil || (parts[2] == "linux") != (parts[4] == "tar.xz") {
			m.offers.refuse(e.Name(), func() {
				m.log.Warn("a file in the folder blenders is not offered to workers: it is not called like an archive of blender.org for Linux (.tar.xz) or Windows (.zip)", "file", e.Name())
			})
			continue
		}
		arch := map[string]string{"x64": "amd64", "arm64": "arm64"}[parts[3]]
		all = append(all, knownArchive{farm.BlenderOffer{Name: e.Name(), Version: parts[1], Platform: parts[2], Arch: arch, Size: info.Size()}, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b knownArchive) int {
		va, _ := farm.ParseBlenderVersion(a.Version)
		vb, _ := farm.ParseBlenderVersion(b.Version)
		if c := vb.Compare(va); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	return all[:min(len(all), maxOffers)]
}

// readArchives finds out the checksums of archives that are new or changed. One that is
// still being written changes again, and is read again.
func (m *Manager) readArchives() {
	for _, a := range m.archives() {
		if _, ok := m.offers.find(a); ok || m.stopping.Err() != nil {
			continue
		}
		sum, err := sumOf(m.stopping, filepath.Join(m.home, blendersFolder, a.Name))
		if err != nil {
			m.log.Warn("an archive of Blender cannot be read", "file", a.Name, "error", err)
			continue
		}
		a.SHA256 = sum
		m.offers.add(a)
		m.log.Info("Blender is offered to workers", "file", a.Name)
	}
}

// sumOf returns the SHA-256 of a file, in hexadecimal.
func sumOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { f.Close() }) // which ends the reading
	defer stop()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// OpenBlender opens the archive with the checksum, and says when it was changed.
// NotFound: it is not, or no longer, offered.
func (m *Manager) OpenBlender(sha256 string) (*os.File, time.Time, error) {
	for _, a := range m.archives() {
		if known, ok := m.offers.find(a); ok && known.SHA256 == sha256 {
			f, err := os.Open(filepath.Join(m.home, blendersFolder, a.Name))
			return f, a.modified, err
		}
	}
	return nil, time.Time{}, farm.Errorf(farm.NotFound, "this Blender is not offered any more: ask for the list again")
}

// find returns what is known of an archive that looks like this.
func (o *offers) find(a knownArchive) (knownArchive, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	known, ok := o.known[a.Name]
	return known, ok && known.modified.Equal(a.modified) && known.Size == a.Size
}

func (o *offers) add(a knownArchive) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil {
		o.known = map[string]knownArchive{}
	}
	o.known[a.Name] = a
}

// refuse calls tell once per file.
func (o *offers) refuse(name string, tell func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told == nil {
		o.told = map[string]bool{}
	}
	if !o.told[name] && len(o.told) < maxOffers {
		o.told[name] = true
		tell()
	}
}
