package api

import "renderfarm/farm"

// MirrorFiles answers fetchTaskFiles: what a task reads in the shared storage.
type MirrorFiles struct {
	Files List[farm.MirrorFile] `json:"files"`
}

// MirrorUploadState answers fetchTaskUpload.
type MirrorUploadState struct {
	Offset int64 `json:"offset"`          // bytes of the file that the manager has
	Whole  bool  `json:"whole,omitempty"` // it has its place already
}

// FileSHA256 is the header in which fetchTaskFile says the SHA-256 of the whole file.
const FileSHA256 = "Farm-SHA256"
