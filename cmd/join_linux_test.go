package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"renderfarm/farm/api"
)

// A testNetwork is two computers, as far as the network goes: namespaces with two cables
// between them. What runs in one of them sees no other network.
type testNetwork struct{ manager, worker string }

// newTestNetwork skips the test where the system does not let it be made.
func newTestNetwork(t *testing.T) testNetwork {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root makes network namespaces")
	}
	n := testNetwork{fmt.Sprintf("farm%dm", os.Getpid()), fmt.Sprintf("farm%dw", os.Getpid())}
	lines := []string{"netns add " + n.manager, "netns add " + n.worker,
		"-n " + n.manager + " link set lo up", "-n " + n.worker + " link set lo up"}
	for i := range 2 {
		m, w := fmt.Sprintf("fm%d", i), fmt.Sprintf("fw%d", i)
		lines = append(lines, fmt.Sprintf("link add %s netns %s type veth peer name %s netns %s", m, n.manager, w, n.worker),
			fmt.Sprintf("-n %s addr add 10.7%d.0.1/24 dev %s", n.manager, i, m), fmt.Sprintf("-n %s addr add 10.7%d.0.2/24 dev %s", n.worker, i, w),
			fmt.Sprintf("-n %s link set %s up", n.manager, m), fmt.Sprintf("-n %s link set %s up", n.worker, w))
	}
	t.Cleanup(func() {
		exec.Command("ip", "netns", "del", n.manager).Run() // what was not made is not removed
		exec.Command("ip", "netns", "del", n.worker).Run()
	})
	for _, line := range lines {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Skipf("no network namespaces here: ip %s: %v %s", line, err, out)
		}
	}
	return n
}

// in returns a command that runs in a namespace, with a home of its own and no Blender.
func in(namespace, home string, words ...string) *exec.Cmd {
	c := exec.Command("ip", append([]string{"netns", "exec", namespace}, words...)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a line is several processes, of which the last one is the worker
	c.Env = append(os.Environ(), "FARM_HOME="+home, "FARM_FIND_BLENDERS=false", "FARM_WORKER_CHECKS=false", "NO_COLOR=1")
	return c
}

// start starts farm in a namespace, and ends it with the test.
func (n testNetwork) start(t *testing.T, name string, c *exec.Cmd) *process {
	t.Helper()
	p, err := startCommand(name, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // if it has not ended
		if _, err := p.end(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// interrupt ends a process as Ctrl-C does.
func interrupt(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := p.end(); err != nil {
		t.Fatal(err)
	}
}

// TestSecondComputer has a worker find its manager in the network without an address, find it again at another port, and
// join by a line where the search is shut out: in a farm with a key, with encryption, whose workers are approved.
func TestSecondComputer(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a dozen processes")
	}
	n, dir := newTestNetwork(t), t.TempDir()
	manager, worker, second := filepath.Join(dir, "manager"), filepath.Join(dir, "worker"), filepath.Join(dir, "second")
	serve := n.start(t, "serve", in(n.manager, manager, "farm", "serve"))
	await(t, serve, "is ready: ")

	first := n.start(t, "work", in(n.worker, worker, "farm", "work"))
	await(t, first, "signed on")
	interrupt(t, first)
	interrupt(t, serve)

	// The manager is somewhere else now: the worker knows it again.
	serve = n.start(t, "serve", in(n.manager, manager, "farm", "serve", "--listen", ":8089"))
	await(t, serve, "is ready: ")
	first = n.start(t, "work", in(n.worker, worker, "farm", "work"))
	await(t, first, ":8089")
	await(t, first, "signed on")
	interrupt(t, first)
	interrupt(t, serve)

	if out, err := exec.Command("ip", "netns", "exec", n.worker, "nft", "add table inet t; add chain inet t o { type filter hook output priority 0; }; "+
		"add rule inet t o ip daddr 224.0.0.0/4 drop; add rule inet t o ip6 daddr ff00::/8 drop").CombinedOutput(); err != nil {
		t.Skipf("multicast cannot be shut out here: %v %s", err, out)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	lost := in(n.worker, second, "farm", "work")
	if out, err := lost.CombinedOutput(); err == nil || !strings.Contains(string(out), "farm work --manager") || !strings.Contains(string(out), "blocks it") {
		t.Errorf("without multicast: %v %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(manager, "farm.yaml"), []byte("tls: self\napprove_workers: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := in(n.manager, manager, "farm", "key", "new").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	serve = n.start(t, "serve", in(n.manager, manager, "farm", "serve"))
	await(t, serve, "is ready: ")
	out, err := in(n.manager, manager, "farm", "workers", "add", "--json").Output()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var code api.JoinCode
	if err := json.Unmarshal(out, &code); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(second, "bin", "farm")
	if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, []byte("#!/bin/sh\nexit 7\n"), 0o700); err != nil { // of an earlier version
		t.Fatal(err)
	}
	joined := n.start(t, "line", in(n.worker, second, "sh", "-c", code.Commands.Unix))
	await(t, joined, "signed on")
	if written, _ := joined.out.look(); strings.Contains(written, "approves") {
		t.Errorf("it waits for approval:\n%s", written)
	}
	// Somebody else types the same line.
	out, err = in(n.worker, filepath.Join(dir, "third"), "sh", "-c", code.Commands.Unix).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "used already") {
		t.Errorf("the line of another computer: %v %s", err, out)
	}
}

// TestSeveralFarms has two managers in a network: a new worker says what to type for each, and one that is of the
// first does not go over to the second while its own is away.
func TestSeveralFarms(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts half a dozen processes")
	}
	n, dir := newTestNetwork(t), t.TempDir()
	serve := func(name, listen string) *process {
		c := in(n.manager, filepath.Join(dir, name), "farm", "serve", "--listen", listen, "--manager-name", name)
		p := n.start(t, name, c)
		await(t, p, "is ready: ")
		return p
	}
	first := serve("Studio A", ":8080")
	serve("Studio B", ":8090")
	home := filepath.Join(dir, "worker")
	out, err := in(n.worker, home, "farm", "work").CombinedOutput()
	for _, line := range []string{"Studio A", "Studio B", ":8080", ":8090"} {
		if err == nil || !strings.Contains(string(out), line) {
			t.Errorf("with two farms: %v %s", err, out)
		}
	}
	w := n.start(t, "work", in(n.worker, home, "farm", "work", "--manager", "10.70.0.1:8080"))
	await(t, w, "signed on")
	interrupt(t, w)
	interrupt(t, first)
	w = n.start(t, "work", in(n.worker, home, "farm", "work"))
	await(t, w, "waiting for it. There is the farm \"Studio B\", which this worker is not of")
	serve("Studio A", ":8080")
	await(t, w, "signed on manager=http://10.70.0.1:8080")
}

func await(t *testing.T, p *process, text string) {
	t.Helper()
	if err := p.await(text); err != nil {
		t.Fatal(err)
	}
}
