// Nothing is in here. A package with a file like this may declare functions
// that are somewhere else, as inside.go does.
