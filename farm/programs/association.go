package programs

import (
	"path"
	"strings"
)

// openedWith returns the Blender in the command line that a file association
// runs, such as `"C:\Program Files\Blender\blender-launcher.exe" "%1"`; "" if
// there is none. The launcher ends before Blender does and hides its output, so
// the blender.exe beside it is what can be waited for.
func openedWith(command string) string {
	command = strings.TrimSpace(command)
	exe := command
	if rest, quoted := strings.CutPrefix(command, `"`); quoted {
		exe, _, _ = strings.Cut(rest, `"`)
	} else if i := strings.Index(strings.ToLower(command), ".exe"); i >= 0 {
		exe = command[:i+len(".exe")]
	}
	if exe == "" {
		return ""
	}
	slashed := strings.ReplaceAll(exe, `\`, "/")
	if strings.EqualFold(path.Base(slashed), "blender-launcher.exe") {
		return exe[:len(exe)-len("blender-launcher.exe")] + "blender.exe"
	}
	return exe
}
