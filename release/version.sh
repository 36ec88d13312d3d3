#!/bin/sh
# Says which version this checkout is: that of the tag, such as v0.2.0, if it is one; else the version
# in the making, which the add-on's manifest names, with the number of commits, as in 0.2.0-dev.812.
set -eu
cd "$(dirname "$0")/.."
making=$(sed -n 's/^version = "\(.*\)"$/\1/p' addon/farm/blender_manifest.toml)
if ! count=$(git rev-list --count HEAD 2>/dev/null); then
	echo "$making-dev" # no checkout, but an archive of the source
	exit 0
fi
if tag=$(git describe --exact-match --tags --match 'v[0-9]*' 2>/dev/null); then
	[ "$tag" = "v$making" ] || { echo "version.sh: the tag is $tag, and addon/farm/blender_manifest.toml says $making: make them agree." >&2; exit 1; }
	echo "$making"
else
	echo "$making-dev.$count"
fi
