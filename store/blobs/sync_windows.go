package blobs

import "os"

// syncDir does nothing: NTFS keeps names safe by itself.
func syncDir(*os.File) error { return nil }
