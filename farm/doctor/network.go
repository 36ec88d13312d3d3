package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// answerTime bounds what the manager is waited for.
const answerTime = 10 * time.Second

const cannotWork = "a worker gets no tasks without its manager"

func sorted[V any](set map[string]V) []string { return slices.Sorted(maps.Keys(set)) }

// network asks the manager who it is, and compares clocks, versions and names.
func (c *Computer) network(ctx context.Context) []farm.Finding {
	if c.Manager == nil {
		return nil
	}
	at, err := url.Parse(c.Manager.Base)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if net.ParseIP(at.Hostname()) == nil {
		if _, err := net.DefaultResolver.LookupHost(ctx, at.Hostname()); err != nil {
			return []farm.Finding{problem("name-unknown", fmt.Sprintf("the name %s of the manager is not known here: %v", at.Hostname(), clip(lookup(err))), cannotWork,
				"use the manager's IP address as manager_url, or have the name server or the file hosts know it")}
		}
	}
	version, err := c.Manager.GetVersion(ctx)
	if err != nil {
		return []farm.Finding{c.unreachable(at, err)}
	}
	found := c.clock(ctx, at)
	if c.Version != "" && version.Version != c.Version && version.Version != "" {
		found = append(found, warning("version-other", fmt.Sprintf("this computer has version %s of the program, and the manager is %s %s", c.Version, version.Name, version.Version),
			"what one of them does not know yet is left out", "install the same version on both"))
	}
	return append(found, c.namesake(ctx)...)
}

func lookup(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.Err
	}
	return err.Error()
}

// unreachable says why the manager does not answer.
func (c *Computer) unreachable(at *url.URL, err error) farm.Finding {
	status := api.StatusOf(err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "refused"):
		return problem("port-closed", fmt.Sprintf("nobody answers at %s: the connection is refused", at.Host), cannotWork,
			"start the manager (farm serve), and see whether the port is right and its \"listen\" lets other computers in")
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return problem("port-blocked", fmt.Sprintf("nothing comes back from %s", at.Host), cannotWork,
			"see whether that computer is on, and open the port in its firewall and between the networks")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return problem("key-wrong", fmt.Sprintf("%s does not let this computer in: %s", at.Host, clip(err.Error())), cannotWork,
			"put the farm key into farm.key in the home folder: farm key set")
	case status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout:
		return problem("proxy", fmt.Sprintf("%s answers with %d: a proxy is there, and no manager behind it", at.Host, status), cannotWork,
			"start the manager, or see where the proxy sends requests")
	}
	return problem("manager-other", fmt.Sprintf("what answers at %s is no manager of a farm: %s", at.Host, clip(err.Error())), cannotWork,
		"correct manager_url: another program has that address or port")
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// clock compares the clock of the manager with that of this computer.
func (c *Computer) clock(ctx context.Context, at *url.URL) []farm.Finding {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, at.JoinPath("api", "v3", "version").String(), nil)
	if err != nil {
		return nil
	}
	began := time.Now()
	res, err := c.Manager.HTTP.Do(req)
	if err != nil {
		return nil
	}
	res.Body.Close()
	theirs, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return nil
	}
	// It is in whole seconds, and was written between asking and answering.
	early, late := began.Sub(theirs)-time.Second, time.Since(began)
	off := early
	if off < 0 {
		off = min(0, early+late+time.Second)
	}
	if off.Abs() < lateClock {
		return nil
	}
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	return []farm.Finding{warning("clock", fmt.Sprintf("the clock of this computer is %s %s the manager's", off.Abs().Round(time.Second), direction),
		"times of tasks and files are wrong, sleep schedules are off, and encrypted connections may be refused", "let both computers set their clocks by the network (NTP)")}
}

// namesake looks for another worker of the same name.
func (c *Computer) namesake(ctx context.Context) []farm.Finding {
	if c.WorkerName == "" {
		return nil
	}
	workers, err := c.Manager.FetchWorkers(ctx)
	if err != nil {
		return nil
	}
	for _, w := range workers.Workers {
		status, _ := farm.ParseWorkerStatus(w.Status)
		if w.Name != c.WorkerName || w.ID == c.WorkerID || c.WorkerID == "" || !status.Watched() { // one that is gone misleads nobody
			continue
		}
		return []farm.Finding{warning("name-twice", fmt.Sprintf("another worker has the name %s, too", w.Name), "commands and lists cannot tell the two apart",
			"give this one another name with worker_name, or delete the other if it is gone: farm workers delete "+string(w.ID))}
	}
	return nil
}

// address looks whether the manager can answer where it is to.
func (c *Computer) address(ctx context.Context) []farm.Finding {
	if c.Listen == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err == nil {
		l.Close()
		return nil
	}
	const matters = "the manager cannot start there"
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	if errors.Is(err, syscall.EADDRINUSE) || isWindows && errors.Is(err, syscall.Errno(10048)) {
		return []farm.Finding{problem("port-taken", fmt.Sprintf("another program has the address %s", c.Listen), matters, "stop that program, or choose another port with \"listen\"")}
	}
	return []farm.Finding{problem("listen", fmt.Sprintf("the manager cannot answer at %s: %v", c.Listen, err), matters, "correct \"listen\": HOST is an address of this computer, or left out; ports below 1024 need rights")}
}
