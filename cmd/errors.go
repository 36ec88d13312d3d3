package cmd

import "fmt"

var (
	_ error = (*usageError)(nil)
	_ error = (*statusError)(nil)
	_ error = (*unreachableError)(nil)
)

// A usageError says what is wrong with the command line, in one sentence.
type usageError struct{ msg string }

// Error returns the sentence.
func (e *usageError) Error() string { return e.msg }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// A statusError ends the program with a status of its own. An empty message
// prints nothing: the command has said all there is to say.
type statusError struct {
	status int
	msg    string
	err    error // the cause, or nil
}

// Error returns the message.
func (e *statusError) Error() string { return e.msg }

// Unwrap returns the cause.
func (e *statusError) Unwrap() error { return e.err }

// An unreachableError says that no manager answered.
type unreachableError struct {
	url string
	err error
}

// Error says what to do next.
func (e *unreachableError) Error() string {
	return fmt.Sprintf("cannot reach the manager at %s: %v. Start one with \"farm serve\", or say where it is with --manager URL or FARM_MANAGER", e.url, e.err)
}

// Unwrap returns the network's error.
func (e *unreachableError) Unwrap() error { return e.err }
