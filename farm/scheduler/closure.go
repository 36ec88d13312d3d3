package scheduler

// Needed returns, by task of the job, whether it is the task or one that the
// task needs, directly or not. It costs about as much as looking at each task once,
// however many need how many: tasks that need the same share one list of it.
func (t Task) Needed() []bool {
	p := t.Job.plan
	within, read := make([]bool, p.Tasks), make([]bool, len(p.Lists))
	within[t.Index] = true
	for todo := []int{t.Index}; len(todo) > 0; {
		list := p.Run(todo[len(todo)-1]).Needs
		todo = todo[:len(todo)-1]
		if read[list] {
			continue
		}
		read[list] = true
		for i := range each(p.Lists[list]) {
			if !within[i] {
				within[i] = true
				todo = append(todo, int(i))
			}
		}
	}
	return within
}

// Needing returns, by task of the job, whether it is the task or one that needs
// the task, directly or not.
func (t Task) Needing() []bool {
	p := t.Job.plan
	within, read := make([]bool, p.Tasks), make([]bool, len(p.Lists))
	within[t.Index] = true
	var lists []uint32
	for todo := []int{t.Index}; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		lists = p.needs.listsWith(uint32(i), lists[:0])
		for _, list := range lists {
			if read[list] {
				continue
			}
			read[list] = true
			for _, n := range p.needs.runsUsing(list) {
				for d := int(p.Runs[n].First); d < p.End(int(n)); d++ {
					if !within[d] {
						within[d] = true
						todo = append(todo, d)
					}
				}
			}
		}
	}
	return within
}
