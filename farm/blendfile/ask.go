package blendfile

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// SceneScript is Python with functions that say what a scene of the open file
// lacks to be rendered: lacks(scene), see Scene.Lacks, and what that needs.
//
//go:embed scene.py
var SceneScript string

// question is the Python that Blender runs once it has the file open, behind SceneScript.
//
//go:embed question.py
var question string

const (
	// patience bounds how long Blender may take to open the file; production
	// files of gigabytes on a slow share take minutes.
	patience = 10 * time.Minute
	// maxAnswer bounds the one line that is the answer, in bytes.
	maxAnswer = 1 << 20
)

// errSlow is why Blender was ended.
var errSlow = errors.New("too slow")

// ask runs Blender with the question and reads its answer.
func ask(ctx context.Context, blender, file string) (*Info, error) {
	exe, err := programs.Blender(ctx, blender)
	if err != nil {
		return nil, &farm.Error{Kind: farm.KindOf(err), Msg: err.Error(), Err: errors.Join(ErrBlender, err)}
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	// Names inside the file are printed too, by Blender itself; only a line
	// that begins with a word nobody could know is the answer.
	word := "farm-" + farm.NewUUID().String()
	cmd := exec.CommandContext(ctx, exe, "-b", "--factory-startup", "--disable-autoexec", path,
		"--python-exit-code", "3", "--python-expr", strings.NewReplacer("WORD", word, "MOST", fmt.Sprint(MaxExternal)).Replace(SceneScript+"\n"+question))
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout // versions differ in where they write errors
	if err := cmd.Start(); err != nil {
		return nil, blenderErrorf("cannot start Blender (%s): %v", exe, err)
	}
	answer, complaint := listen(out, word)
	// The caller's reasons to end come before what ending Blender looks like.
	err = cmd.Wait()
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errSlow) {
			return nil, farm.Errorf(farm.Invalid, "Blender took longer than %s to open %s: try to open it by hand", patience, file)
		}
		return nil, cause
	}
	info := new(Info)
	if json.Unmarshal(answer, info) != nil || answer == nil {
		return nil, unanswered(ctx, exe, file, complaint, err)
	}
	return info, nil
}

// listen reads what Blender prints up to its end, and returns the answer and
// the last error line.
func listen(out io.Reader, word string) (answer []byte, complaint string) {
	lines := bufio.NewReaderSize(out, 64<<10)
	for {
		line, err := readLine(lines)
		if rest, ok := bytes.CutPrefix(line, []byte(word+" ")); ok {
			answer = rest
		} else if said := complaintIn(line); said != "" {
			complaint = said
		}
		if err != nil {
			return answer, complaint
		}
	}
}

// errorMarks are what Blender's error lines have before their text, up to 4.5
// and since 5.0 ("00:00.333  reports          | ERROR Cannot …").
var errorMarks = [][]byte{[]byte("Error: "), []byte("Error:\t"), []byte("| ERROR ")}

// complaintIn returns the text of an error line, "" for any other line. What
// several threads print may be glued together, so a mark may be anywhere.
func complaintIn(line []byte) string {
	for _, mark := range errorMarks {
		if _, text, ok := bytes.Cut(line, mark); ok {
			return strings.ToValidUTF8(string(bytes.TrimSpace(text)), "?")
		}
	}
	return ""
}

// readLine returns the next line, at most maxAnswer bytes of it.
func readLine(r *bufio.Reader) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line) < maxAnswer {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}

// blenderErrorf returns an error that the Blender of this computer is to blame for.
func blenderErrorf(format string, args ...any) error {
	return &farm.Error{Kind: farm.Invalid, Msg: fmt.Sprintf(format, args...), Err: ErrBlender}
}
