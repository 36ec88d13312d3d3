#!/bin/sh
# Puts Debian's newer Blenders beside the installed one, for make test-blenders:
#
#   blenders.sh [DIR]    DIR/4.3/blender and DIR/5.2/blender; default: farm/blenders in the user's cache
#
# Each has a small Debian of its own in DIR, 1.3 GB, because its libraries are newer than
# those of this system. It needs debootstrap, which it installs, and the right to become root.
# DEBIAN_MIRROR is where packages come from, if this system's own sources are not Debian's.
set -eu

dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/farm/blenders}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
case $dir/ in
/usr/* | /etc/*)
	echo "blenders.sh: $dir cannot be used, as these Blenders see their own /usr and /etc. Choose another folder." >&2
	exit 1 ;;
esac
root=
[ "$(id -u)" = 0 ] || root=sudo
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

# mirror prints the first Debian mirror in the sources of apt.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
		sed -n 's/^URIs: *\([^ ]*debian\)\/\{0,1\} *$/\1/p; s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*debian\)\/\{0,1\} .*/\2/p' | head -n 1
}

# inside FOLDER COMMAND…: runs a command in the Debian there. The mounts end with the
# command, so that removing the folder can never reach the real /dev.
inside() {
	$root unshare --mount --propagation private sh -ec \
		'r=$1; shift; for m in proc dev; do mount --rbind /$m "$r/$m"; done; exec chroot "$r" "$@"' sh "$@"
}

# debian SUITE PACKAGES…: installs them in DIR/SUITE, unless they are there.
debian() {
	suite=$1 at=$dir/$1
	shift
	[ ! -x "$at/usr/bin/blender" ] || return 0
	from=${DEBIAN_MIRROR:-$(mirror)}
	[ -n "$from" ] || { echo "blenders.sh: no Debian mirror in the sources of apt: name one in DEBIAN_MIRROR." >&2; exit 1; }
	sh "$(dirname "$0")/deps.sh" debootstrap
	$root rm -rf "$at"
	$root debootstrap --variant=minbase "$suite" "$at" "$from"
	$root cp /etc/resolv.conf "$at/etc/resolv.conf"
	printf '#!/bin/sh\nexit 101\n' | $root tee "$at/usr/sbin/policy-rc.d" >/dev/null # starts no services
	$root chmod 755 "$at/usr/sbin/policy-rc.d"
	$root ln -sf ../proc/self/mounts "$at/etc/mtab" # else Blender warns at each start
	# A mirror may be behind, which makes the index of sid look out of date.
	inside "$at" apt-get -q -o Acquire::Check-Valid-Until=false update
	inside "$at" apt-get -q -y --no-install-recommends install blender "$@"
	inside "$at" apt-get clean
}

# launcher SUITE: makes DIR/VERSION/blender. It runs that Debian's Blender in this system: only /usr
# and /etc are the other Debian's, in mounts that nobody else sees and that end with Blender. All other
# folders are the real ones, so files have the same paths for it as for everybody.
launcher() {
	new=$dir/$1.new
	cat >"$new" <<END
#!/bin/sh
# Blender of Debian $1; made by testdata/blenders.sh.
if [ "\$(id -u)" = 0 ]; then own=; else own='--user --map-current-user --keep-caps'; fi
# shellcheck disable=SC2086 # several words
exec unshare \$own --mount --propagation private sh -c '
r=\$1; shift
for f in hosts passwd group; do [ ! -e "\$r/etc/\$f" ] || mount --bind "/etc/\$f" "\$r/etc/\$f" || exit 125; done
mount --rbind "\$r/usr" /usr && mount --rbind "\$r/etc" /etc || exit 125
exec /usr/bin/blender "\$@"' sh '$dir/$1' "\$@"
END
	chmod 755 "$new"
	version=$("$new" --version | sed -n 's/^Blender \([0-9]*\.[0-9]*\).*/\1/p')
	[ -n "$version" ] || { echo "blenders.sh: the Blender of Debian $1 does not start: run $new --version to see why." >&2; exit 1; }
	mkdir -p "$dir/$version"
	mv "$new" "$dir/$version/blender"
	echo "$dir/$version/blender: $("$dir/$version/blender" --version | head -n 1)"
}

set -- python3-numpy libegl1 libgl1 libgl1-mesa-dri
debian trixie "$@"
launcher trixie
debian sid "$@" python3-cattr python3-requests # which its own add-on for extensions imports
launcher sid
