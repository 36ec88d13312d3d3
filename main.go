// Farm is a render farm in one program: manager, worker and command line.
package main

import (
	"os"
	_ "time/tzdata" // sleep schedules know the workers' time zones also where the system does not; 400 kB

	"renderfarm/cmd"
)

func main() { os.Exit(cmd.Main()) }
