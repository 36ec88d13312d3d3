#!/bin/sh
# Takes the pictures of the add-on that are in docs/images:
#
#   pictures.sh BLENDER STEM OUT
#
# BLENDER opens its windows on $DISPLAY, a screen of 1400x1000 such as Xvfb's. OUT/STEM-files.png, -waiting.png,
# -job.png and -frames.png are for a person to look at, and to cut. FFmpeg takes them.
set -eu
cd "$(dirname "$0")/.."
blender=$(command -v "$1") stem=$2 out=$3
dir=${TMPDIR:-/tmp}/farm # its name is in the pictures
mkdir "$dir" "$dir/bin"
ln -s "$blender" "$dir/bin/blender" # the worker's has to read what this one saves
PATH=$dir/bin:$PATH
url=http://127.0.0.1:29480
bin/farm serve --home "$dir/home" --listen 127.0.0.1:29480 >"$dir/serve.log" 2>&1 &
serve=$!
worker=
trap 'kill $serve $worker 2>/dev/null || true; rm -rf "$dir"' EXIT
until bin/farm jobs list --home "$dir/home" --manager $url >/dev/null 2>&1; do sleep 0.2; done
bin/farm addon "$dir/addon.zip" --home "$dir/home" --manager $url

BLENDER_USER_RESOURCES=$dir/blender "$blender" --factory-startup --window-geometry 0 0 1280 960 --python addon/tests/pictures.py -- "$dir/addon.zip" "$dir" &
shown=$!
mkdir -p "$out"
while kill -0 $shown 2>/dev/null; do
	for wanted in "$dir"/*.wanted; do
		[ -e "$wanted" ] || continue
		name=$(basename "$wanted" .wanted)
		ffmpeg -v error -y -f x11grab -draw_mouse 0 -video_size 1400x1000 -i "$DISPLAY" -frames:v 1 "$out/$stem-$name.png"
		if [ "$name" = waiting ]; then
			bin/farm work --home "$dir/worker" --manager $url >"$dir/work.log" 2>&1 &
			worker=$!
		fi
		rm "$wanted"
	done
	sleep 0.2
done
