package store

// initialMmapSize is 0 because on Windows the file really becomes that large.
const initialMmapSize = 0

// closeToRename says whether a file that is open can get another's name.
const closeToRename = true

// alike has nothing to do: a new file has the permissions of its folder.
func alike(path, original string) error { return nil }
