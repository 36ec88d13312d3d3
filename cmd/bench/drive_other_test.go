//go:build !linux

package bench

import (
	"errors"
	"sync"
)

// run has the workers work until the load is done, each in a goroutine. The
// errors are those of the workers that failed.
func (l *load) run(all []*simulated) error {
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	for i, s := range all {
		wg.Go(func() {
			defer s.Close()
			more, err := s.begin(l)
			for more && err == nil {
				more, err = s.step(l)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
