package store

import (
	"syscall"

	"renderfarm/farm"
)

// mmapFlags has the whole file read in at open, in order: bbolt's own scan of
// a file that is not in memory takes twenty times as long.
const mmapFlags = syscall.MAP_POPULATE

// networks are file systems on which a lock or a mapping of one machine means
// nothing to another, by the magic number of statfs.
var networks = map[uint32]string{
	0x6969:     "NFS",
	0x517B:     "SMB",
	0xFF534D42: "SMB (CIFS)",
	0xFE534D42: "SMB",
	0x01021997: "9P",
}

func refuseNetwork(dir string) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return nil // opening the file says what is wrong
	}
	if name, ok := networks[uint32(st.Type)]; ok {
		return farm.Errorf(farm.Unsupported, "%s is on a network file system (%s), where a database is not safe: use a folder on a local disk with --home. Shared storage for renders may stay where it is", dir, name)
	}
	return nil
}
