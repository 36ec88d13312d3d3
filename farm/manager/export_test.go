package manager

// RemoveAtOnce makes the deletion of jobs take many small steps.
func RemoveAtOnce(records int) { removeAtOnce = records }
