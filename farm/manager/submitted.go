package manager

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/store/blobs"
)

// What the file store calls its things.
type (
	FileKey     = blobs.Key
	File        = blobs.File
	Upload      = blobs.Upload
	OffsetError = blobs.OffsetError
	FileStatus  = blobs.Status
)

// How an upload ended, and what is known of a file. See package blobs.
const (
	FileStored   = blobs.Stored
	FileAlready  = blobs.Already
	FileDeferred = blobs.Deferred

	FileUnknown   = blobs.Unknown
	FileUploading = blobs.Uploading
	FilePresent   = blobs.Present
)

// fileStore returns the file store, or Off.
func (m *Manager) fileStore() (*blobs.Store, error) {
	c := m.config.Load()
	if !c.Shaman.Enabled {
		return nil, farm.Errorf(farm.Off, "shaman server not active: this farm's file store for submissions is switched off (shaman.enabled in farm.yaml). Put the file into the shared storage instead")
	}
	return c.blobs, nil
}

// ShamanEnabled reports whether the file store for submissions is switched on.
func (m *Manager) ShamanEnabled() bool { return m.Config().Shaman.Enabled }

// A NeededFile is one that must be uploaded before a checkout can have it.
type NeededFile struct {
	File
	Uploading bool // somebody is sending it
}

// FilesNeeded returns those of the files that are not stored, each content once
// and under one of its paths. What is stored will stay for a while.
func (m *Manager) FilesNeeded(ctx context.Context, files []File) ([]NeededFile, error) {
	store, err := m.fileStore()
	if err != nil {
		return nil, err
	}
	// The paths are checked now: after hours of uploading it would be late. The
	// answer has those that were asked with, by which clients know their files.
	if _, err = blobs.CheckFiles(files); err != nil {
		return nil, err
	}
	once := make(map[FileKey]bool, len(files))
	files = slices.DeleteFunc(slices.Clone(files), func(f File) bool {
		seen := once[f.Key]
		once[f.Key] = true
		return seen
	})
	keys := make([]FileKey, len(files))
	for i, f := range files {
		keys[i] = f.Key
	}
	statuses, err := store.Statuses(ctx, keys)
	if err != nil {
		return nil, err
	}
	var needed []NeededFile
	for i, f := range files {
		if statuses[i] != blobs.Present {
			needed = append(needed, NeededFile{f, statuses[i] == blobs.Uploading})
		}
	}
	return needed, nil
}

// FileStatus says what is known of a file, and how many of its bytes a
// broken-off upload left.
func (m *Manager) FileStatus(ctx context.Context, k FileKey) (FileStatus, int64, error) {
	if err := k.Check(); err != nil {
		return FileUnknown, 0, err
	}
	store, err := m.fileStore()
	if err != nil {
		return FileUnknown, 0, err
	}
	return store.Status(ctx, k)
}

// StoreFile takes an uploaded file; see blobs.Store.Put.
func (m *Manager) StoreFile(ctx context.Context, u Upload) (blobs.Outcome, error) {
	if err := u.Key.Check(); err != nil {
		return 0, err
	}
	store, err := m.fileStore()
	if err != nil {
		return 0, err
	}
	return store.Put(ctx, u)
}

// OpenStored opens a stored file for reading, by its SHA-256 and size in bytes; NotFound if
// it is not stored.
func (m *Manager) OpenStored(ctx context.Context, sha string, size int64) (io.ReadCloser, error) {
	store, err := m.fileStore()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, FileKey{SHA: sha, Size: size})
}

// Checkout puts stored files together in a folder for a job, and returns its
// path below Storage; see blobs.Store.Checkout.
func (m *Manager) Checkout(ctx context.Context, wanted string, files []File) (string, error) {
	store, err := m.fileStore()
	if err != nil {
		return "", err
	}
	at, err := store.Checkout(ctx, wanted, files)
	if err == nil {
		m.log.Info("checkout made", "path", at, "files", len(files))
	}
	return at, err
}

// claimCheckout finds the checkout of a job that is about to be stored, and keeps
// it from being removed together with another job that uses it.
func (m *Manager) claimCheckout(sub *farm.Submission) (string, error) {
	m.checkouts.removing.Lock()
	defer m.checkouts.removing.Unlock()
	found, err := m.findCheckout(sub)
	if err == nil {
		m.checkouts.add(found, sub.ID)
	}
	return found, err
}

// findCheckout returns the checkout that a job is made of: the one it names, or
// the one that a setting leads into, since newer add-ons name none.
func (m *Manager) findCheckout(sub *farm.Submission) (string, error) {
	store, err := m.fileStore()
	if err != nil {
		return sub.ShamanCheckout, nil // it is no use, and no harm
	}
	found := sub.ShamanCheckout
	// The .blend file before others, which may be of another job.
	keys := slices.Sorted(maps.Keys(sub.Settings))
	for _, key := range slices.Concat([]string{"blendfile"}, keys) {
		if found != "" {
			break
		}
		text, _ := sub.Settings[key].(string)
		if inside, ok := strings.CutPrefix(text, "{"+farm.VarJobs+"}/"); ok {
			if found, err = store.CheckoutOf(inside); err != nil {
				return "", err
			}
		}
	}
	if found == "" {
		return "", nil
	}
	return found, store.Keep(found)
}
