//go:build race

package jsjobs

// raced says that the race detector is on, with which stacks take several times the memory.
const raced = true
