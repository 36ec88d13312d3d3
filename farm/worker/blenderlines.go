package worker

import "regexp"

// What a line of Blender's output says.
type blenderWhat uint8

const (
	blenderOther   blenderWhat = iota
	blenderSaved               // a frame was written; text is its file
	blenderTimed               // the time a frame took, printed once it is done
	blenderSkipped             // a frame was left out as it exists; text is its file, "" if it is not named
	blenderError               // an error, after which Blender may go on or even end with 0; text is the message
)

// isStep reports whether the line means that one more frame is done (behaviour 3.7).
func (w blenderWhat) isStep() bool { return w == blenderTimed || w == blenderSkipped }

type blenderEvent struct {
	what blenderWhat
	text string
}

// Since 5.0 Blender prints through its log, where every line begins with a
// time and a category:
//
//	3.4   Saved: '/frames/000001.png'
//	3.4    Time: 00:00.34 (Saving: 00:00.28)
//	5.0   00:01.234  render           | Saved: '/frames/000001.png'
//
// Progress lines have "Time:" further on, and are no steps.
var (
	blenderLine = regexp.MustCompile(`^(?:.*\brender\s*\|\s*|\s*)(?:Saved: '(.+)'|(Time: [0-9][0-9:.]*)|([Ss]kipping existing frame)(?: "(.+?)"(?: for view .*)?$)?)`)
	errorLine   = regexp.MustCompile(`^(?:\s*|[0-9:. ]+\s+[a-z.]+\s*\|\s*)((?:Error|ERROR)\b.*)`)
)

// parseBlender says what a line of Blender's output means.
func parseBlender(line string) blenderEvent {
	if m := blenderLine.FindStringSubmatch(line); m != nil {
		switch {
		case m[1] != "":
			return blenderEvent{blenderSaved, m[1]}
		case m[2] != "":
			return blenderEvent{blenderTimed, ""}
		}
		return blenderEvent{blenderSkipped, m[4]}
	}
	if m := errorLine.FindStringSubmatch(line); m != nil {
		return blenderEvent{blenderError, m[1]}
	}
	return blenderEvent{}
}
