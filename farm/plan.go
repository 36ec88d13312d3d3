package farm

import "time"

// Submission is what a user hands in: the job type to plan with, and its settings.
type Submission struct {
	Name              string
	Type              string // job type
	TypeETag          string // refuse if the job type has another by now; "" accepts any
	Priority          int
	SubmitterPlatform string // GOOS of the submitter, or "manager"
	Settings          map[string]any
	Metadata          map[string]string
	ShamanCheckout    string
	Tag               TagID
	Blender           BlenderNeed // what is known of it; the manager finds out what it can
	BlenderMatchSet   bool        // the submitter chose the match; else the farm's is taken
	Intent            Intent      // IntentHold submits it paused
	Created           time.Time
	Namesake          int // number among the jobs of its name and second, whose folders must differ; 0 is 1
	ID                JobID
}

// Plan is what a job type made of a submission. Scripts may change the
// submission's name, priority, tag, settings, metadata and storage; those of
// the plan are what is stored.
type Plan struct {
	Submission
	Tasks    []PlannedTask
	Messages []string // what the script printed
	Warnings []string // what the submitter should know
}
