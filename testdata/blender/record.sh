#!/bin/sh
# Records what a Blender prints, for the tests of what a worker reads from it:
#
#   record.sh [BLENDER]    writes testdata/blender/VERSION/*.log; default: the one on the PATH
#
# Run it with each new version. Paths begin with /scenes and /frames in the records, whatever they were.
# Times and sizes of memory stay as they were: they are part of what is to be read.
set -eu
cd "$(dirname "$0")"
blender=${1:-blender}
version=$("$blender" --version | sed -n 's/^Blender \([0-9]*\.[0-9]*\).*/\1/p')
[ -n "$version" ] || { echo "record.sh: $blender is no Blender" >&2; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/farm-record.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$version" "$work/scenes" "$work/frames"

# record NAME ARGUMENTS…: the output of one run, both streams as a worker sees them, and its exit status.
record() {
	name=$1
	shift
	status=0
	"$blender" -b --factory-startup "$@" >"$work/out" 2>&1 </dev/null || status=$?
	echo "exit status $status" >>"$work/out"
	sed "s|$work||g; s|${TMPDIR:-/tmp}/[a-z]*[.]crash|/tmp/ok.crash|; s/[[:space:]]*\$//" "$work/out" >"$version/$name.log"
	rm -rf "$work/frames"
	mkdir "$work/frames"
}

"$blender" -b --factory-startup --python-exit-code 1 --python scenes.py -- "$work/scenes" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
s=$work/scenes
o=$work/frames/######

record still "$s/ok.blend" -o "$o" -f 2
record frames "$s/ok.blend" -o "$o" -f 1..3
record animation "$s/ok.blend" -o "$o" -a
record step "$s/ok.blend" -s 1 -e 4 -j 2 -o "$o" -a
record negative "$s/ok.blend" -o "$o" -f -5
record film "$s/ok.blend" -F FFMPEG -o "$work/frames/film" -a
record exr "$s/ok.blend" -F OPEN_EXR -o "$o" -f 1
record cycles-samples "$s/samples.blend" -o "$o" -f 1
record views "$s/views.blend" -o "$o" -f 1..2

: >"$work/frames/000002.png"
record skip "$s/skip.blend" -o "$o" -a
: >"$work/frames/000001_L.png"
: >"$work/frames/000001_R.png"
record skip-views "$s/skip-views.blend" -o "$o" -f 1..2

record file-missing "$s/nowhere.blend" -o "$o" -f 1
head -c 20000 "$s/ok.blend" >"$s/damaged.blend"
record file-damaged "$s/damaged.blend" -o "$o" -f 1
record file-newer "$s/newer.blend" -o "$o" -f 1
printf 'BLENDER18-02v0999%04096d' 0 >"$s/format-newer.blend"
record file-format-newer "$s/format-newer.blend" -o "$o" -f 1
record no-camera "$s/no-camera.blend" -o "$o" -f 1
record no-scene "$s/ok.blend" -S Nope -o "$o" -f 1
record no-format "$s/ok.blend" -F NOPE -o "$o" -f 1
record no-engine "$s/ok.blend" -E NOPE -o "$o" -f 1
record no-device "$s/ok.blend" -o "$o" -f 1 -- --cycles-device CUDA
record no-frame "$s/ok.blend" -o "$o" -f
record unwritable "$s/ok.blend" -o /proc/nope/###### -f 1
record library-missing "$s/library-missing.blend" -o "$o" -f 1
record texture-missing "$s/texture-missing.blend" -o "$o" -f 1
record script-error "$s/ok.blend" --python-exit-code 7 --python-expr 'undefined' -o "$o" -f 1
record script-quits "$s/ok.blend" --python-expr 'import sys; sys.exit(0)' -o "$o" -f 1
record braces "$s/ok.blend" -o "$work/frames/{nope}/######" -f 1
record crash "$s/ok.blend" --python-expr 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)' -o "$o" -f 1
rm -f "${TMPDIR:-/tmp}/ok.crash.txt"
ls "$version"
