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
// or the name and size of one that is sent next, alone or out of a folder.
type SubmissionFile struct {
	Path  string           `json:"path,omitempty"`  // in the storage, with forward slashes
	Name  string           `json:"name,omitempty"`  // with Files, the path of the .blend among them
	Size  int64            `json:"size,omitempty"`  // bytes; of a file without Files
	Files List[FolderFile] `json:"files,omitempty"` // all of the user's folder: what the .blend needs of them is sent
}

// FolderFile is a file of the user's folder.
type FolderFile struct {
	Path string `json:"path"` // in the folder, with forward slashes
	Size int64  `json:"size"` // bytes
	SHA  string `json:"sha,omitempty"`
}

// SubmissionFiles is the request of takeSubmissionFiles: files of the user's folder whose
// content is in the file store. They have their SHA.
type SubmissionFiles struct {
	Files List[FolderFile] `json:"files"`
}

// SubmissionNeeds answers findSubmissionNeeds: what is to be sent of the user's folder.
type SubmissionNeeds struct {
	Send   List[string] `json:"send"`   // paths of files that did not arrive yet
	First  bool         `json:"first"`  // they have to be looked into before it is known what else is needed
	Needed int          `json:"needed"` // files of the folder that go with the job, those that arrived, too
	Bytes  int64        `json:"bytes"`  // of these
}

// Submission answers beginSubmission. It is forgotten when it was submitted or discarded,
// or when nobody asked about it for an hour.
type Submission struct {
	ID   string `json:"id"`
	Name string `json:"name"` // of the file
	// Store says that files are sent to the file store, each found by its content, and
	// then named with takeSubmissionFiles.
	Store bool `json:"store,omitempty"`
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
	Notify       []string          `json:"notify,omitempty"`        // whom to tell of the job, see farm.MetadataNotify
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
