//go:build unix

package doctor

import "syscall"

const isWindows = false

// quotaExceeded is the error of a used-up quota.
const quotaExceeded = syscall.EDQUOT
