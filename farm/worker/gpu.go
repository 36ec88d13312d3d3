package worker

import "renderfarm/farm"

// gpuRules are what a job can say of graphics cards: render on them if the scene
// says so and there are any; only on them; on them if there are any; never.
var gpuRules = []string{gpuAuto, gpuRequire, gpuPrefer, gpuNever}

const (
	gpuAuto    = "auto"
	gpuRequire = farm.GPURequire
	gpuPrefer  = "prefer"
	gpuNever   = "never"
)

// CheckGPURule refuses what a worker cannot say of graphics cards; "" says nothing.
func CheckGPURule(rule string) error {
	switch rule {
	case "", gpuAuto, gpuPrefer, gpuNever:
		return nil
	}
	return farm.Errorf(farm.Invalid, "gpu is %q: a worker has auto, prefer or never", rule)
}

// gpuFor returns what holds for a job on this worker: what either of them refuses
// is not done, and else the job's word counts. It is an error if the job requires
// what the worker refuses.
func gpuFor(job, worker string) (string, error) {
	switch {
	case worker == gpuNever && job == gpuRequire:
		return "", wrongWorker("%sthe job requires a graphics card, and this worker renders on the processor only (gpu: never)", preflightWords[ofWorker])
	case worker == gpuNever:
		return gpuNever, nil
	case worker == gpuPrefer && (job == gpuAuto || job == ""):
		return gpuPrefer, nil
	}
	return job, nil
}
