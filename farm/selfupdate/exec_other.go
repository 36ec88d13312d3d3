//go:build !unix

package selfupdate

import "errors"

// CanBecome reports whether a process can go on as another program.
const CanBecome = false

// Become has this process go on as another program, where a system can do that.
func (p *Program) Become() error { return errors.ErrUnsupported }
