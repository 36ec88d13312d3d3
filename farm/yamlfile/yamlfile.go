// Package yamlfile reads and writes YAML files that people edit. A mistake in
// one is reported with the file, line and column, the lines around it, and for a
// misspelt key the one that was probably meant; nothing is guessed or dropped in
// silence. What is written is either the whole new file or the old one, also
// after a power cut.
package yamlfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"renderfarm/farm"
)

// MaxSize bounds the files that Read accepts, in bytes.
const MaxSize = 256 << 10

// Read reads the file into v, a pointer to a struct with yaml tags. Keys that
// the file does not have, or that have no value, keep what v holds, so v brings
// the defaults; maps are merged by key, lists replaced. found is false, and err
// nil, if there is no such file. A mistake in the file is a farm.Invalid error
// whose first line begins "PATH:LINE:COLUMN: "; v may then be half filled.
func Read(path string, v any) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, farm.Errorf(farm.Invalid, "cannot read %s: %w; check who may read the file", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return false, farm.Errorf(farm.Invalid, "cannot read %s: %w", path, err)
	}
	if len(data) > MaxSize {
		return true, farm.Errorf(farm.Invalid, "%s is larger than %d KiB and was not read: is it the right file?", path, MaxSize>>10)
	}
	return true, Decode(path, data, v)
}

// Write replaces the file by v, readable by its owner only, as it may hold
// passwords. header becomes a comment on top. If path is a symbolic link, what
// it points to is replaced. Comments that people wrote into the file are lost.
func Write(path, header string, v any) error {
	// First in memory: a value that cannot be written must not cost the old file.
	var body, text strings.Builder
	if err := encode(&body, reflect.ValueOf(v), ""); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	text.WriteString(Comment(header))
	if header == "" {
		text.WriteString(strings.TrimPrefix(body.String(), "\n"))
	} else {
		text.WriteString(body.String()) // it begins with an empty line
	}
	return Replace(path, []byte(text.String()))
}
