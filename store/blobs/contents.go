package blobs

import (
	"context"
	"io"
	"path"

	"renderfarm/farm"
)

// Open opens a stored file for reading, once it is safe on the disk. It is NotFound if it is not stored, or is not any
// more what was sent.
func (s *Store) Open(ctx context.Context, k Key) (io.ReadCloser, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	d, err := s.open()
	if err != nil {
		return nil, err
	}
	defer d.close()
	if err := s.waitSynced(ctx, k); err != nil {
		return nil, err
	}
	is, err := s.touch(ctx, d, k)
	if err != nil {
		return nil, err
	}
	if is {
		f, err := d.files.Open(k.stored())
		if err == nil || !isMissing(err) {
			return f, err
		}
	}
	return nil, farm.Errorf(farm.NotFound, "the file store does not have the file %s of %d bytes", k.SHA, k.Size)
}

// Contents returns which files of a checkout are still what was put there, by their
// paths below jobs; none if there is no such checkout. What somebody put in the place of
// one, or beside them, is not in it.
func (s *Store) Contents(checkout string) (map[string]Key, error) {
	d, err := s.open()
	if err != nil {
		return nil, err
	}
	defer d.close()
	m, err := readManifest(d, manifestName(checkout)+complete)
	if isMissing(err) || err == nil && m.Path != checkout {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	files := make(map[string]Key, len(m.Files))
	for _, f := range m.Files {
		if name := path.Join(m.Path, f.Path); isOurs(d, name, f, m.Time) {
			files[name] = f.key()
		}
	}
	return files, nil
}
