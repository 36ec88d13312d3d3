package farm

// The commands that a task can be made of, by their names on the wire. A worker
// has an implementation of each (farm/worker/commands.go, whose test holds it to
// this list); the manager warns of jobs with others.
const (
	CommandBlenderRender = "blender-render"
	CommandCopyFile      = "copy-file"
	CommandEcho          = "echo"
	CommandExec          = "exec"
	CommandFramesToVideo = "frames-to-video"
	CommandMakeDirectory = "make-directory"
	CommandMergeImage    = "merge-image"
	CommandMoveDirectory = "move-directory"
	CommandSleep         = "sleep"
)

// Commands lists them all, sorted.
var Commands = []string{CommandBlenderRender, CommandCopyFile, CommandEcho, CommandExec, CommandFramesToVideo, CommandMakeDirectory, CommandMergeImage, CommandMoveDirectory, CommandSleep}
