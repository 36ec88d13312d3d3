package farm

// CopiesFolder is where in the shared storage submitters put copies of the files
// of their jobs, each job's in a folder of its own, when the file store is
// switched off.
const CopiesFolder = "submitted"

// MetadataCopies is the key of a job's metadata that names the folder in
// CopiesFolder with the copies of its files. The manager removes it with the job.
const MetadataCopies = "submitted-folder"
