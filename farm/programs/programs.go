// Package programs finds the programs that Farm runs but does not bring along:
// Blender and FFmpeg. It promises that a path it returns named an executable
// file a moment ago, and that its errors tell a person what to do next. It
// starts nothing except to ask for a version, and then only for seconds.
package programs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/farm"
)

// Blender returns the path of the Blender that exe stands for. A bare name
// (usually "blender"; "" means the same) is looked for on PATH; if it is not
// there and means Blender, in the places where the platform's installer puts
// it: the .blend file association on Windows, /Applications on macOS. Anything
// with a directory in it must be an executable file itself.
func Blender(ctx context.Context, exe string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	exe = cmpOr(exe, "blender")
	path, err := exec.LookPath(exe)
	if err == nil {
		return absolute(path), nil
	}
	if bareName(exe) == "blender" {
		for _, path := range installedBlenders() {
			if isExecutable(path) {
				return path, nil
			}
		}
	}
	return "", notFound("Blender", exe, err, blenderHint())
}

// FFmpeg returns the path of the FFmpeg that exe stands for. The bare name
// "ffmpeg" ("" means the same) is looked for in the folder tools beside Farm's
// own executable, as ffmpeg-OS-ARCH, ffmpeg-OS and ffmpeg, and then on PATH; any
// other name on PATH only. Anything with a directory in it must be an executable
// file itself.
func FFmpeg(ctx context.Context, exe string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	exe = cmpOr(exe, "ffmpeg")
	if bareName(exe) == "ffmpeg" {
		if own, err := os.Executable(); err == nil {
			if path, ok := inTools(own); ok {
				return path, nil
			}
		}
	}
	path, err := exec.LookPath(exe)
	if err != nil {
		return "", notFound("FFmpeg", exe, err, ffmpegHint())
	}
	return absolute(path), nil
}

// inTools looks for FFmpeg in the folder tools beside the executable own, as it
// was started and then with symbolic links resolved: a farm linked into
// /usr/local/bin finds the tools it was unpacked with.
func inTools(own string) (string, bool) {
	places := []string{own}
	if real, err := filepath.EvalSymlinks(own); err == nil && real != own {
		places = append(places, real)
	}
	for _, place := range places {
		for _, name := range []string{"ffmpeg-" + runtime.GOOS + "-" + runtime.GOARCH, "ffmpeg-" + runtime.GOOS, "ffmpeg"} {
			path := filepath.Join(filepath.Dir(place), "tools", name+exeSuffix())
			if isExecutable(path) {
				return path, true
			}
		}
	}
	return "", false
}

// bareName returns exe in lower case and without .exe if it has no directory, else "".
func bareName(exe string) string {
	if strings.ContainsAny(exe, `/\`) {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(exe), ".exe")
}

// exeSuffix is how the names of programs end here.
func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// isExecutable reports whether path is a regular file that may be run.
func isExecutable(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return runtime.GOOS == "windows" || info.Mode().Perm()&0o111 != 0
}

// absolute keeps a program found through a relative PATH entry valid when its
// process gets another working directory.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// cmpOr returns the text without blanks around it, or the other if it is blank.
func cmpOr(s, otherwise string) string {
	if s = strings.TrimSpace(s); s != "" {
		return s
	}
	return otherwise
}

// notFound turns a failed look-up into a sentence with the reason and the next step.
func notFound(program, exe string, cause error, hint string) error {
	// The reason depends on whether a place was named or a name.
	why := "it is not on the PATH"
	if strings.ContainsAny(exe, `/\`) {
		switch {
		case errors.Is(cause, fs.ErrNotExist):
			why = "there is no such file"
		case errors.Is(cause, fs.ErrPermission):
			why = "it is not an executable file"
		default:
			why = "it cannot be run"
		}
	}
	return &farm.Error{Kind: farm.NotFound, Err: cause, Msg: "cannot find " + program + " (looked for \"" + exe + "\"): " + why + "; " + hint}
}

// blenderHint says how to get a Blender on this platform.
func blenderHint() string {
	step := "install it from blender.org"
	switch runtime.GOOS {
	case "linux":
		step = "install it from blender.org, or with `sudo apt install blender` on Debian and Ubuntu"
	case "darwin":
		step = "install it from blender.org into /Applications"
	}
	return step + ". One in another place is named by its full path: for workers as variable blender in the manager's farm.yaml, for farm submit with --blender"
}

// ffmpegHint says how to get an FFmpeg on this platform.
func ffmpegHint() string {
	step := "install it from ffmpeg.org"
	switch runtime.GOOS {
	case "linux":
		step = "install it, with `sudo apt install ffmpeg` on Debian and Ubuntu"
	case "darwin":
		step = "install it, for example with `brew install ffmpeg`"
	}
	return step + ", or put it into a folder named tools beside the farm executable"
}
