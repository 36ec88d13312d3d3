package worker

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// asGroup makes the child the leader of a group of its own, and lets the
// kernel kill it when the thread that started it ends, thus also when the
// worker is killed. The thread is why process.run locks one.
func asGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// adjustOOM sets how readily the kernel ends the process when memory is short.
// Raising it is allowed to everyone; descendants inherit it.
func adjustOOM(pid, score int) error {
	return os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte(strconv.Itoa(score)), 0)
}
