package blendfile

import (
	"context"
	"fmt"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// unanswered explains why Blender did not answer: it may be older than the
// file, which not every version says of itself, or the file is damaged.
// complaint is Blender's last error line, ended how the process did.
func unanswered(ctx context.Context, exe, file, complaint string, ended error) error {
	if err := newerThan(ctx, exe, file); err != nil {
		return err
	}
	switch {
	case strings.Contains(complaint, "not a blend file"), strings.Contains(complaint, "format is not supported"), strings.Contains(complaint, "newer version of Blender"):
		return blenderErrorf("the Blender here cannot read %s: it is not a .blend file, or was saved by a much newer Blender; install a newer one, and point to it with --blender", file)
	case complaint != "":
		return farm.Errorf(farm.Invalid, "%s is damaged: Blender says %.300q; take a backup (.blend1), or save the file again", file, complaint)
	}
	// It said nothing. Whether the file is whole can be seen without it.
	if _, err := readContents(ctx, file); err != nil {
		return err
	}
	if ended != nil {
		return blenderErrorf("Blender ended without opening %s: %v; try to open it by hand", file, ended)
	}
	return blenderErrorf("Blender opened %s but told nothing about it; try to open it by hand", file)
}

// newerThan returns an error if a newer Blender than the one at exe saved the
// file. nil says nothing about a file whose beginning cannot be read.
func newerThan(ctx context.Context, exe, file string) error {
	saved, err := Version(ctx, file)
	if err != nil {
		return nil
	}
	have, err := programs.Version(ctx, exe)
	if err != nil {
		return nil
	}
	return refuseNewer(file, saved, have)
}

// refuseNewer returns an error if the Blender of a version such as "4.3.2"
// would lose part of a file that another one saved.
func refuseNewer(file string, saved [2]int, version string) error {
	var have [2]int
	if n, _ := fmt.Sscanf(version, "%d.%d", &have[0], &have[1]); n != 2 {
		return blenderErrorf("the Blender here calls itself %q; give the path of another with --blender", version)
	}
	if saved[0] < have[0] || saved[0] == have[0] && saved[1] <= have[1] {
		return nil
	}
	return blenderErrorf("%s was saved by Blender %d.%d, and the Blender here is %s, which would lose part of it: install Blender %d.%d or newer, and point to it with --blender",
		file, saved[0], saved[1], version, saved[0], saved[1])
}
