// Package addon is the Blender add-on: Python that the manager hands out as a
// zip, and that the program itself runs in a Blender in the background.
package addon

import (
	"embed"
	"io/fs"
)

// sources is the add-on as Blender installs it; "all" takes __init__.py in.
//
//go:embed all:farm
var sources embed.FS

// Pack returns the scripts that find and rewrite what a .blend needs: the
// Python package "pack", in a folder of that name. Its main.py is the one to run.
func Pack() fs.FS {
	pack, err := fs.Sub(sources, "farm")
	if err != nil { // the folder is part of the program
		panic(err)
	}
	return pack
}
