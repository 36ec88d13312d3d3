package blobs

import "path"

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
