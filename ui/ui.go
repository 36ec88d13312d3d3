// Package ui is the web pages, embedded: app is the farm's own page, vendor
// what it uses of others, each with its version and licence beside it.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed app vendor/*/*
var files embed.FS

// Files returns the pages, with app/ and vendor/ at the top.
func Files() fs.FS { return files }
