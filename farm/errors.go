package farm

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error. The server has one table from
// kinds to HTTP statuses, the command line one to exit statuses.
type Kind uint8

const (
	Internal           Kind = iota // nothing the caller could change; logged in full
	Invalid                        // the request is wrong and stays wrong: change it
	NotFound                       // no such thing
	Conflict                       // not in the present state: look again, then decide
	Forbidden                      // no or wrong credentials
	NoKey                          // the farm has a key, and it was not sent or is wrong
	PreconditionFailed             // made for an older version of something, or for what cannot do that: refresh, then decide
	UnknownTag                     // the named tag does not exist (a status of its own on the wire)
	NothingDone                    // nothing matched, so nothing was changed
	TooLarge                       // over a size limit
	Busy                           // repeat a little later
	Unavailable                    // switched off, or not in this version
	NotDurable                     // the store cannot write; the manager is about to end
	Unsupported                    // a media type or form this call does not take
	Mismatch                       // what was sent is not what was announced: send it again
	Missing                        // something that this needs is not there yet: bring it first
	NoRoom                         // no space is left on a disk, or of a quota
	Off                            // a part of the manager is switched off, or what it works on is away
)

// Error is an error meant for the user: Msg is a whole sentence that says
// what, why, and where it can the next step.
type Error struct {
	Kind Kind
	Msg  string
	Err  error // the cause, or nil; not shown to users
}

// Error returns the message for users.
func (e *Error) Error() string { return e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an *Error of the kind. A %w verb keeps its operand as the cause.
func Errorf(kind Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Msg: err.Error(), Err: errors.Unwrap(err)}
}

// KindOf returns the kind of the first *Error in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
