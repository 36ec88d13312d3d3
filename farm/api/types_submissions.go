package api

import "time"

// StorageFolder answers fetchStorageFolder: what of a folder of the shared storage a job
// can be submitted from.
type StorageFolder struct {
	Path    string             `json:"path"`    // in the storage, with forward slashes; "" is the storage itself
	Entries List[StorageEntry] `json:"entries"` // folders first, then .blend files, by name
	More    int                `json:"more"`    // how many more there are, which are left out
}

// StorageEntry is a folder or a .blend file.
type StorageEntry struct {
	Name     string    `json:"name"`
	Folder   bool      `json:"folder"`
	Size     int64     `json:"size"` // bytes; 0 for a folder
	Modified time.Time `json:"modified"`
}

// SubmissionFile is the request of beginSubmission: a file that is in the shared storage,
// or the name and size of one that is sent next.
type SubmissionFile struct {
	Path string `json:"path,omitempty"` // in the storage, with forward slashes
	Name string `json:"name,omitempty"`
	Size int64  `json:"size,omitempty"` // bytes
}

// Submission answers beginSubmission. It is forgotten when it was submitted or discarded,
// or when nobody asked about it for an hour.
type Submission struct {
	ID   string `json:"id"`
	Name string `json:"name"` // of the file
}

// SubmissionOptions is the request of checkSubmission and submitSubmission.
type SubmissionOptions struct {
	Name         string            `json:"name,omitempty"`     // of the job; "" for that of the file
	Type         string            `json:"type"`               // job type
	Priority     *int              `json:"priority,omitempty"` // nil is DefaultPriority
	Tag          string            `json:"tag,omitempty"`      // id
	Settings     map[string]string `json:"settings,omitempty"` // those that the user chose, as text
	Paused       bool              `json:"paused,omitempty"`
	AllowMissing bool              `json:"allow_missing,omitempty"` // submit although files are missing
}

// SubmissionReport answers checkSubmission: what the job would be, and what is wrong.
type SubmissionReport struct {
	Name     string            `json:"name"`
	Settings map[string]any    `json:"settings"` // all of them, those that are not shown, too
	Missing  List[MissingFile] `json:"missing"`  // the first of them
	More     int               `json:"more"`     // missing files that are left out
	Notes    List[string]      `json:"notes"`    // what the submitter should know, a sentence each
}

// MissingFile is what a .blend needs and cannot be found.
type MissingFile struct {
	Path    string `json:"path"`
	Kind    string `json:"kind"`              // image, font, library, …
	Owner   string `json:"owner"`             // of the data-block
	Library string `json:"library,omitempty"` // the .blend that asks for it; "" for the one that is submitted
	Why     string `json:"why"`               // a part of a sentence: "there is no such file"
}

// JobTypeSource answers getJobTypeSource.
type JobTypeSource struct {
	Name   string `json:"name"`
	File   string `json:"file"`   // on the manager; "" if it comes with the program
	Source string `json:"source"` // JavaScript
}
