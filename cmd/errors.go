package cmd

import "fmt"

var (
	_ error = (*usageError)(nil)
	_ error = (*statusError)(nil)
)

// A usageError says what is wrong with the command line, in one sentence.
type usageError struct{ msg string }

// Error returns the sentence.
func (e *usageError) Error() string { return e.msg }

// usageErrorf returns a usageError. The sentence has no full stop: where help is
// to be found follows it.
func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// A statusError ends the program with a status of its own. An empty message
// prints nothing: the command has said all there is to say.
type statusError struct {
	status int
	msg    string
}

// Error returns the message.
func (e *statusError) Error() string { return e.msg }
