// Package diskfree says how much room is left on a disk.
package diskfree
