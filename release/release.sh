#!/bin/sh
# Builds what is published of one version, for every platform:
#
#   release.sh OUT [GOOS/GOARCH…]
#
# OUT gets farm-VERSION-OS-ARCH.tar.gz (.zip for Windows), renderfarm_VERSION_ARCH.deb for Linux, and SHA256SUMS, and the
# programs alone in OUT/binaries, under the names that a manager wants them to have for computers that join.
# The same commit gives the same bytes in any folder and at any time: what is packed has the
# commit's time, one owner and one order, and Go is of one version.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64 windows/amd64 darwin/arm64 darwin/amd64
export LC_ALL=C TZ=UTC
umask 022

[ -z "$(git status --porcelain)" ] || { echo "release.sh: there are changes that are not committed; a release is made of a commit." >&2; exit 1; }
for tool in tar gzip zip dpkg-deb sha256sum; do
	command -v $tool >/dev/null || { echo "release.sh: $tool is missing; on Debian: apt-get install tar gzip zip dpkg coreutils" >&2; exit 1; }
done
version=$(sh release/version.sh)
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
GOTOOLCHAIN=go1.26.8 # what releases are built with; Go fetches it if it is another one
export SOURCE_DATE_EPOCH GOTOOLCHAIN
work=$(mktemp -d "${TMPDIR:-/tmp}/farm-release.XXXXXX")
trap 'rm -rf "$work"' EXIT

# same DIR: gives everything in DIR the commit's time, and the modes that it will have.
same() {
	find "$1" -type d -exec chmod 755 {} +
	find "$1" -type f ! -perm -100 -exec chmod 644 {} +
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# build GOOS/GOARCH FILE: or takes the program that a test names in RELEASE_PROGRAM.
build() {
	if [ -n "${RELEASE_PROGRAM:-}" ]; then
		cp "$RELEASE_PROGRAM" "$2"
		return
	fi
	GOOS=${1%/*} GOARCH=${1#*/} CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X renderfarm/cmd.version=$version -X renderfarm/cmd.commit=$commit" -o "$2" .
}

# docs DIR LICENCES: what there is to read.
docs() {
	mkdir -p "$1/docs/images"
	cp README.md CHANGELOG.md SECURITY.md LICENSE "$1/"
	cp docs/*.md "$1/docs/"
	cp -R docs/images/. "$1/docs/images/"
	cp "$2" "$1/LICENSES-OF-OTHERS.txt"
}

# archive GOOS/GOARCH PROGRAM LICENCES
archive() ( # in a shell of its own, for its names
	name=farm-$version-$(echo "$1" | tr / -)
	dir=$work/$name
	docs "$dir" "$3"
	cp "$2" "$dir/"
	case $1 in
	linux/*) mkdir "$dir/systemd" && cp release/*.service "$dir/systemd/" ;;
	esac
	same "$dir"
	case $1 in
	windows/*)
		rm -f "$out/$name.zip"
		(cd "$work" && find "$name" -type f | sort | zip -q -X "$out/$name.zip" -@) ;;
	*)
		tar -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$out/$name.tar.gz" ;;
	esac
)

# deb GOARCH PROGRAM LICENCES: the architectures have the same names at Debian. $work/completion has what
# shells complete.
deb() ( # in a shell of its own, for its names
	dir=$work/deb-$1 doc=$work/deb-$1/usr/share/doc/renderfarm
	mkdir -p "$dir/DEBIAN" "$dir/usr/bin" "$dir/usr/lib/systemd/system" "$dir/etc/default" "$doc" "$dir/usr/share"
	cp "$2" "$dir/usr/bin/farm"
	cp release/*.service "$dir/usr/lib/systemd/system/"
	for s in manager worker; do cp "release/deb/farm-$s.default" "$dir/etc/default/farm-$s"; done
	docs "$doc" "$3"
	mv "$doc/LICENSE" "$doc/copyright"
	gzip -9n "$doc/CHANGELOG.md"
	cp -R "$work/completion/." "$dir/usr/share/"
	debian=$(echo "$version" | sed 's/-/~/')
	size=$(du -sk --apparent-size "$dir" | cut -f 1)
	sed "s/@VERSION@/$debian/; s/@ARCH@/$1/; s/@SIZE@/$size/" release/deb/control >"$dir/DEBIAN/control"
	(cd "$dir" && find usr -type f | sort | xargs -d '\n' md5sum) >"$dir/DEBIAN/md5sums"
	printf '/etc/default/farm-manager\n/etc/default/farm-worker\n' >"$dir/DEBIAN/conffiles"
	cp release/deb/postinst release/deb/prerm release/deb/postrm "$dir/DEBIAN/"
	same "$dir"
	dpkg-deb --root-owner-group -Zxz --build "$dir" "$out/renderfarm_${debian}_$1.deb" >/dev/null
)

# completions: asked of a farm that runs on this computer.
completions() {
	build "$(go env GOHOSTOS)/$(go env GOHOSTARCH)" "$work/farm"
	mkdir -p "$work/completion/bash-completion/completions" "$work/completion/zsh/vendor-completions" "$work/completion/fish/vendor_completions.d"
	"$work/farm" completion bash >"$work/completion/bash-completion/completions/farm"
	"$work/farm" completion zsh >"$work/completion/zsh/vendor-completions/_farm"
	"$work/farm" completion fish >"$work/completion/fish/vendor_completions.d/farm.fish"
}

completions
for platform; do
	dir=$work/$platform
	mkdir -p "$dir"
	program=$dir/farm
	case $platform in windows/*) program=$program.exe ;; esac
	echo "$version for $platform"
	build "$platform" "$program"
	mkdir -p "$out/binaries"
	cp "$program" "$out/binaries/farm-$(echo "$platform" | tr / -)${program#"$dir/farm"}"
	sh release/licences.sh "$platform" >"$dir/licences"
	archive "$platform" "$program" "$dir/licences"
	case $platform in linux/*) deb "${platform#*/}" "$program" "$dir/licences" ;; esac
done
cd "$out"
rm -f SHA256SUMS
sha256sum -- *"$version"* *"$(echo "$version" | sed 's/-/~/')"*.deb 2>/dev/null | sort -u -k 2 >"$work/sums"
mv "$work/sums" SHA256SUMS
cat SHA256SUMS
