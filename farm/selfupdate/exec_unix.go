//go:build unix

package selfupdate

import (
	"os"
	"syscall"
)

// CanBecome reports whether a process can go on as another program.
const CanBecome = true

// Become has this process go on as the program that is in place, with the arguments and the environment
// that it was started with. It returns only an error.
func (p *Program) Become() error { return syscall.Exec(p.path, os.Args, os.Environ()) }
