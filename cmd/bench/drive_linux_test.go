package bench

import (
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"
)

// run has the workers work until the load is done. One goroutine serves all
// their connections: it sleeps until answers are there, and then reads only
// where there are some. With a goroutine for each worker the client would use
// nearly twice the CPU time. The errors are those of the workers that failed.
func (l *load) run(all []*simulated) error {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(poll)
	var errs []error
	working := 0
	leave := func(s *simulated, err error) {
		s.Close() // leaves the poll, too
		errs = append(errs, err)
		working--
	}
	for i, s := range all {
		if err := s.enter(poll, i); err != nil {
			return err
		}
		working++
		if more, err := s.begin(l); err != nil || !more {
			leave(s, err)
		}
	}
	answers := make([]unix.EpollEvent, len(all))
	for working > 0 {
		n, err := unix.EpollWait(poll, answers, int(patience.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n == 0 {
			return fmt.Errorf("no worker had an answer for %s", patience)
		}
		for _, a := range answers[:max(n, 0)] {
			s := all[a.Fd]
			if more, err := s.step(l); err != nil || !more {
				leave(s, err)
			}
		}
	}
	return errors.Join(errs...)
}

// enter turns the worker's connection into a bare file descriptor and adds it
// to the poll, with the worker's number.
func (s *simulated) enter(poll, number int) error {
	tcp, ok := s.ReadWriteCloser.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("the worker's connection is a %T", s.ReadWriteCloser)
	}
	file, err := tcp.File()
	if err != nil {
		return err
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	tcp.Close()
	s.conn = newConn(socket(fd))
	if err := unix.SetNonblock(fd, false); err != nil {
		return err
	}
	// An answer that began is whole in a moment: reading the rest may block.
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return err
	}
	return unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(number)})
}

// A socket is a connection without Go's scheduler: calls block the thread.
type socket int

func (s socket) Read(b []byte) (int, error) {
	n, err := unix.Read(int(s), b)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return max(n, 0), err
}

func (s socket) Write(b []byte) (n int, err error) {
	for n < len(b) {
		m, err := unix.Write(int(s), b[n:])
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

func (s socket) Close() error { return unix.Close(int(s)) }
