package worker

// gpuRules are what a command can say of graphics cards: render on them if the
// file says so and there are any; only on them; on them if there are any; never.
var gpuRules = []string{"auto", "require", "prefer", "never"}

// gpuKinds are the kinds of graphics cards that Cycles can render on, as Blender
// calls them, in the order in which they are tried.
func (w *Worker) gpuKinds() []string { return []string{"OPTIX", "CUDA", "HIP", "ONEAPI", "METAL"} }
