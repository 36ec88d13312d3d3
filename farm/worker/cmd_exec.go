package worker

import (
	"context"

	"renderfarm/farm"
)

// prepareExec reads the parameters of exec, which runs any program, without a
// shell.
func prepareExec(c farm.Command) (action, error) {
	p := params{Command: c}
	exe, args := p.required("exe"), p.list("args")
	return func(ctx context.Context, r *run) error {
		return r.start(ctx, exe, args, nil)
	}, p.err
}
