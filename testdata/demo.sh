#!/usr/bin/env bash
# The demonstration: a farm of one computer renders testdata/scenes/demo.blend,
# 24 frames and a video of them, and this script looks at every one.
#
#   demo.sh          leaves the farm running until Ctrl-C
#   demo.sh --once   ends by itself; the frames stay
#
# It needs bin/farm, blender and ffmpeg; "make demo" sees to that.
set -euo pipefail
cd "$(dirname "$0")/.."

once=
case "${1:-}" in
"") ;;
--once) once=yes ;;
*) echo "demo.sh: there is no option $1; there is --once" >&2; exit 2 ;;
esac

frames=24
farm=$PWD/bin/farm
home=$(mktemp -d "${TMPDIR:-/tmp}/farm-demo.XXXXXX")
log=$home/demo.log
pid=

# What the environment says must not lead the demo to another farm.
unset FARM_MANAGER FARM_LISTEN FARM_SHARED_STORAGE FARM_LOCAL_STORAGE FARM_DATABASE
export FARM_HOME=$home

fail() {
	echo "demo: $*" >&2
	if [ -s "$log" ]; then
		echo "The end of $log:" >&2
		tail -n 20 "$log" >&2
	fi
	exit 1
}

# stop ends the farm as Ctrl-C would, and the hard way if that takes too long.
stop() {
	[ -n "$pid" ] || return 0
	kill -INT "$pid" 2>/dev/null || true
	for _ in $(seq 150); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null || true
	local status=0
	wait "$pid" || status=$?
	pid=
	return "$status"
}
trap 'stop || true' EXIT
trap 'exit 130' INT TERM

# A process group of its own keeps Ctrl-C from reaching the farm as well: it is
# to stop once, when this script says so.
set -m
"$farm" all --home "$home" --listen 127.0.0.1:0 --ready-file "$home/ready" >"$log" 2>&1 &
pid=$!
set +m

for _ in $(seq 300); do
	[ ! -s "$home/ready" ] || break
	kill -0 "$pid" 2>/dev/null || fail "the farm did not start"
	sleep 0.1
done
[ -s "$home/ready" ] || fail "the farm did not answer within 30 seconds"
url=$(cat "$home/ready")
echo "The farm is running: $url"

"$farm" submit testdata/scenes/demo.blend --json >"$home/result.json" || fail "the job did not complete"
value() { sed -n "s/^ *\"$1\": \"\\(.*\\)\",*\$/\\1/p" "$home/result.json"; }
folder=$(value frames)
video=$(value video)

# Every frame is there, can be decoded to its end, and is like no other.
found=$(find "$folder" -name '*.png' | wc -l)
[ "$found" -eq "$frames" ] || fail "there are $found frames in $folder instead of $frames"
different=$(ffmpeg -v error -xerror -pattern_type glob -i "$folder/*.png" -f framemd5 - | awk -F, '!/^#/ { print $NF }' | sort -u | wc -l)
[ "$different" -eq "$frames" ] || fail "only $different of the $frames frames decode and differ"
filmed=$(ffprobe -v error -select_streams v:0 -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$video")
[ "$filmed" = "$frames" ] || fail "the video has $filmed frames instead of $frames"

echo
echo "$frames frames, all different: $folder"
echo "Video of $filmed frames: $video"
if [ -n "$once" ]; then
	stop || fail "the farm did not stop cleanly"
	echo "The farm stopped cleanly. Everything it made is in $home"
	exit 0
fi
echo "Web page: $url"
echo
echo "The farm is yours until Ctrl-C. Everything it makes is in $home"
trap 'exit 0' INT TERM
wait "$pid" || true
pid=
