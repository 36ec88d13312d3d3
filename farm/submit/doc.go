// Package submit takes a .blend to a stored job with its files: for the command
// line, the watch folder and whoever else submits. It talks to the manager over
// HTTP only, prints nothing, and asks nobody.
//
//	Options, Script   what is asked for: by flags, in YAML, or by a program
//	Submitter         for whom, and how it tells what it does
//	Prepare           finds out all that can go wrong, and changes nothing anywhere
//	Submission        what is to be submitted; its caller can look at what is missing
//	Submit            moves the files, and hands the job in: both, or neither
//	FindResult        where a job left its frames and its video
//
// The files of a job are used where they are if that is in the farm's shared
// storage. Others go into the farm's file store, or where that is switched off
// into a folder of their own in the shared storage (place).
package submit
