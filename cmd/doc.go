// Package cmd is the command line of Farm, and the only place that wires its
// parts together.
//
// One command is one file with three parts: a constructor that returns the
// *cobra.Command, a struct of its options, and a run function that takes a
// context and plain values and knows nothing of cobra. There are no package
// variables and no init functions; what commands share is the session.
//
// Values that a flag, an environment variable and farm.yaml can all give come
// from one table (keys). Errors become exit statuses in one switch (exitStatus).
package cmd
