// Farm is a render farm in one program: manager, worker and command line.
package main

import (
	"os"

	"renderfarm/cmd"
)

func main() { os.Exit(cmd.Main()) }
