package worker

import "golang.org/x/sys/windows"

// mountPoints returns the drives that have a letter.
func mountPoints() (list []string) {
	drives, err := windows.GetLogicalDrives()
	for i := range 26 {
		if err == nil && drives&(1<<i) != 0 {
			list = append(list, string(rune('A'+i))+`:\`)
		}
	}
	return list
}
