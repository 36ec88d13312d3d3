package blobs

import (
	"context"
	"io/fs"
	"path"
)

// Usage says how full the store is.
type Usage struct {
	Stored    Count `json:"stored"`
	Uploads   Count `json:"uploads"` // under way, or broken off
	Checkouts int   `json:"checkouts"`
	Free      int64 `json:"free"`      // bytes on the disk; -1 if the platform cannot tell
	Quota     int64 `json:"quota"`     // 0: none
	KeepFree  int64 `json:"keep_free"` // bytes
}

// Usage counts what is in the store.
func (s *Store) Usage(ctx context.Context) (Usage, error) {
	u := Usage{Quota: s.o.Quota, KeepFree: s.o.KeepFree}
	d, err := s.open()
	if err != nil {
		return u, err
	}
	defer d.close()
	u.Free = s.free(d)
	lists, err := fs.ReadDir(d.files.FS(), "checkouts")
	if err != nil && !isMissing(err) {
		return u, err
	}
	for _, entry := range lists {
		if path.Ext(entry.Name()) == complete {
			u.Checkouts++
		}
	}
	err = eachBlob(ctx, d, func(_ Key, info fs.FileInfo) error { u.Stored.add(info.Size()); return nil })
	if err != nil {
		return u, err
	}
	err = eachFile(ctx, d, "uploading", func(_ string, info fs.FileInfo) error { u.Uploads.add(info.Size()); return nil })
	return u, err
}
