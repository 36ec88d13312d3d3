package worker

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// mountChanges returns a channel that gets something when file systems were mounted
// or unmounted, until ctx is canceled; nil if the system does not tell. The kernel
// marks the list of mounts as having an error then (proc(5), mountinfo).
func mountChanges(ctx context.Context) <-chan struct{} {
	// Not with os.Open: the runtime would ask the kernel for what happens to the file,
	// and be told in our place.
	list, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	stop, stopped, err := os.Pipe()
	if err != nil {
		unix.Close(list)
		return nil
	}
	context.AfterFunc(ctx, func() { stopped.Close() })
	changes := make(chan struct{}, 1)
	go func() {
		defer unix.Close(list)
		defer stop.Close()
		for {
			fds := []unix.PollFd{{Fd: int32(list), Events: unix.POLLPRI}, {Fd: int32(stop.Fd()), Events: unix.POLLIN}}
			if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR || fds[1].Revents != 0 {
				return
			}
			if fds[0].Revents != 0 {
				select {
				case changes <- struct{}{}:
				default: // nobody has looked at the last one yet
				}
			}
		}
	}()
	return changes
}
