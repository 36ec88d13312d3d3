package api

import "renderfarm/farm"

// UploadOffset is a header of ours. In the answer of shamanFileStoreCheck it
// says how many bytes of the file the manager has from an upload that broke off,
// and that uploads can be continued. In the request of shamanFileStore it
// says where in the file the body begins. In a 409 it says where it has to begin.
const UploadOffset = "Upload-Offset"

// CollectFiles asks to clean the file store. It is below /api/farm.
type CollectFiles struct {
	Delete    bool           `json:"delete,omitempty"`     // else it only says what it would remove
	OlderThan *farm.Duration `json:"older_than,omitempty"` // nil: shaman.garbageCollect.maxAge
}

// FileCount is a number of files and their size in bytes.
type FileCount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// CollectedFiles answers CollectFiles.
type CollectedFiles struct {
	Deleted   bool         `json:"deleted"`   // false: nothing was, it was a dry run
	Stored    FileCount    `json:"stored"`    // stored files in no checkout
	Uploads   FileCount    `json:"uploads"`   // rests of uploads that broke off
	Checkouts int          `json:"checkouts"` // of no job, or not whole
	Kept      FileCount    `json:"kept"`      // stored files that stay
	Names     List[string] `json:"names"`     // the first 1000 of what goes, below the shared storage
}

// FileUsage says how full the file store is. It is below /api/farm.
type FileUsage struct {
	Stored    FileCount `json:"stored"`
	Uploads   FileCount `json:"uploads"` // under way, or broken off
	Checkouts int       `json:"checkouts"`
	Free      int64     `json:"free"`      // bytes on the disk; -1 if the manager cannot tell
	Quota     int64     `json:"quota"`     // 0: none
	KeepFree  int64     `json:"keep_free"` // bytes
}
