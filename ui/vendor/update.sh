#!/bin/sh
# update.sh: fetches the packages of the table below from npm, and puts what the pages use of them here. Imports of one
# another become relative: browsers know no names of packages, and an import map would have to be an inline script.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# take PACKAGE VERSION FOLDER LICENCE FILE...: the files are kept without their folders.
take() {
	package=$1 version=$2 folder=$3 licence=$4
	shift 4
	archive=$(cd "$work" && npm pack --silent "$package@$version")
	mkdir -p "$work/$folder" "$folder"
	tar -xzf "$work/$archive" -C "$work/$folder"
	for file in LICENSE "$@"; do
		sed -e 's#"preact/hooks"#"../preact/hooks.mjs"#g' -e 's#"preact"#"../preact/preact.mjs"#g' \
			-e 's#"@preact/signals-core"#"../signals-core/signals-core.mjs"#g' \
			-e '/^\/\/# sourceMappingURL=/d' "$work/$folder/package/$file" >"$folder/$(basename "$file")"
	done
	printf 'name: %s\nversion: %s\nlicence: %s\nfiles: %s (imports are relative, no source maps)\n' "$package" "$version" "$licence" "$*" >"$folder/VERSION"
}

take preact 11.2.0 preact MIT dist/preact.mjs hooks/dist/hooks.mjs
take @preact/signals-core 1.14.5 signals-core MIT dist/signals-core.mjs
take @preact/signals 2.11.4 signals MIT dist/signals.mjs
take htm 3.1.1 htm Apache-2.0 dist/htm.mjs
take @noble/hashes 2.4.0 noble-hashes MIT sha2.js _md.js _u64.js utils.js
take uplot 1.6.32 uplot MIT dist/uPlot.esm.js dist/uPlot.min.css
