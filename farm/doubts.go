package farm

import (
	"fmt"
	"strings"
)

// Doubts are frames of a job that are there, and that somebody may want to have rendered
// again. Frames are in order.
type Doubts struct {
	Flagged []int      // that somebody should look at
	Flags   FrameFlags // that any of these has
	Old     []int      // made from an older .blend than others of the job
	More    bool       // there may be more of either
}

// AddDoubts warns of frames of the job, and adds that they are rendered again to what can be
// done, unless the job is in a state in which it cannot.
func (j *JobDiagnosis) AddDoubts(w *Why, d Doubts) {
	var again []Action
	and := ""
	if d.More {
		and = ", and there may be more"
	}
	if len(d.Flagged) > 0 {
		w.Warnings = append(w.Warnings, fmt.Sprintf("somebody should look at %s: %s%s", calledFrames(d.Flagged), strings.Join(d.Flags.Meanings(), "; "), and))
		again = append(again, j.ID.rerender(d.Flagged))
	}
	if len(d.Old) > 0 {
		w.Warnings = append(w.Warnings, fmt.Sprintf("%s %s made from an older .blend than others%s", calledFrames(d.Old), form(len(d.Old), "was", "were"), and))
		again = append(again, j.ID.rerender(d.Old))
	}
	if j.Status() == JobCompleted { // nothing else is worth more
		w.Actions = append(again, w.Actions...)
	} else {
		w.Actions = append(w.Actions, again...)
	}
}

// calledFrames is some frames in a sentence.
func calledFrames(frames []int) string {
	const most = 40
	text := FormatFrames(frames)
	if len(text) > most {
		return fmt.Sprintf("%d frames from %d to %d", len(frames), frames[0], frames[len(frames)-1])
	}
	return form(len(frames), "frame ", "frames ") + text
}

// rerender renders frames of a job again.
func (id JobID) rerender(frames []int) Action {
	text := FormatFrames(frames)
	words := []string{"jobs", "rerender", id.Short(), text}
	if frames[0] < 0 {
		words = []string{"jobs", "rerender", id.Short(), "--", text} // it looks like a flag
	}
	return Action{Verb: DoRerender, Job: id, Parameters: Parameters{Frames: text}, Label: "Render " + calledFrames(frames) + " again",
		Command: command(words...), intro: "render " + calledFrames(frames) + " again with"}
}
