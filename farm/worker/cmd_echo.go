package worker

import (
	"context"

	"renderfarm/farm"
)

// prepareEcho reads the parameters of echo, which writes a message to the log:
//
//	message  any value; written in quotes, with line ends as \n
func prepareEcho(c farm.Command) (action, error) {
	p := params{Command: c}
	v, _ := p.given("message", true)
	message := plain(v)
	if v != nil && message == "" {
		p.fail("message", "is empty")
	}
	return func(_ context.Context, r *run) error {
		r.Log("echo: %q", message)
		return nil
	}, p.err
}
