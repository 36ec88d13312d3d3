package doctor

import "syscall"

const isWindows = true

// quotaExceeded is the error of a used-up quota: ERROR_DISK_QUOTA_EXCEEDED.
const quotaExceeded = syscall.Errno(1295)
