package cmd

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

type listener = net.Listener

// listen opens the address. That it is taken is an error with the status
// exitInUse, which says by whom if that can be found out.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	if isAddressInUse(err) {
		return nil, &statusError{exitInUse, fmt.Sprintf("%s is in use by %s. Stop it, or choose another address with --listen HOST:PORT", address, whoListens(ctx, address))}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return nil, farm.Errorf(farm.Invalid, "cannot listen on %q: %w. Write the address like :8080 or 127.0.0.1:8080, or choose another port", address, err)
}

// whoListens asks the program that has an address whether it is a manager.
func whoListens(ctx context.Context, address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "another program"
	}
	// ":8080" and "0.0.0.0:8080" are no addresses to connect to.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	// Another program may accept the connection and never answer.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client, err := api.New("http://" + net.JoinHostPort(host, port))
	if err != nil {
		return "another program"
	}
	defer client.HTTP.CloseIdleConnections()
	v, err := client.GetVersion(ctx)
	if err != nil {
		return "another program"
	}
	return fmt.Sprintf("the manager %q (version %s)", printable(v.Name), printable(v.Version))
}

// urlOf returns the URL by which this computer reaches a listener, and
// whether it listens on every address, for other computers too.
func urlOf(addr net.Addr) (url string, open bool) {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String(), false
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host, open = "127.0.0.1", true
	}
	return "http://" + net.JoinHostPort(host, port), open
}

// ignoreClosed lets a listener be closed that its server may have closed before.
func ignoreClosed(closer func() error) func() error {
	return func() error {
		if err := closer(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// httpLog is where net/http complains about single connections: seldom of interest.
func (s *session) httpLog() *log.Logger { return slog.NewLogLogger(s.log.Handler(), slog.LevelDebug) }

// debugServer serves the profiler, to this computer only: it shows memory. A page that
// a browser of this computer shows cannot read it under a name of its own either.
func debugServer(h *host, address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return usageErrorf("--pprof %q is not an address of this computer only: write it like localhost:6060", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("start the profiler: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	// The name in the request is checked against DNS rebinding: a page of another site can make its
	// own name mean 127.0.0.1.
	local := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, _, err := net.SplitHostPort(r.Host); err != nil || !isLoopback(name) {
			http.Error(w, "the profiler is served as localhost only", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
	srv := &http.Server{Handler: local, ReadHeaderTimeout: headerTimeout, ErrorLog: h.s.httpLog()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(l) // ends with the Close below
	}()
	h.later(func() error {
		err := srv.Close()
		<-done
		return err
	})
	h.s.log.Info("profiler", "url", "http://"+l.Addr().String()+"/debug/pprof/")
	return nil
}

// isLoopback reports whether a name or an address is this computer's for itself.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
