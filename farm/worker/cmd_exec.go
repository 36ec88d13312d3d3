package worker

import (
	"context"

	"renderfarm/farm"
)

// prepareExec reads the parameters of exec, which runs any program, without a
// shell. Exit code 0 is success:
//
//	exe   path of the program, or its name if it is on PATH
//	args  list of its arguments
func prepareExec(c farm.Command) (action, error) {
	p := params{Command: c}
	exe, args := p.required("exe"), p.list("args")
	return func(ctx context.Context, r *run) error {
		return r.start(ctx, exe, args, nil)
	}, p.err
}
