package store

// Needed returns, by task of the job, whether it is the task or one that the
// task needs, directly or not. It costs about as much as looking at each task once,
// however many need how many: tasks that need the same share one list of it.
func (t Task) Needed() []bool {
	s := t.Job.shape
	within, read := make([]bool, s.tasks), make([]bool, len(s.needs.lists))
	within[t.Index] = true
	for todo := []int{t.Index}; len(todo) > 0; {
		list := s.of(todo[len(todo)-1]).needs
		todo = todo[:len(todo)-1]
		if read[list] {
			continue
		}
		read[list] = true
		for i := range each(s.needs.lists[list]) {
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
	s := t.Job.shape
	within, read := make([]bool, s.tasks), make([]bool, len(s.needs.lists))
	within[t.Index] = true
	var lists []uint32
	for todo := []int{t.Index}; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		lists = s.needs.listsWith(uint32(i), lists[:0])
		for _, list := range lists {
			if read[list] {
				continue
			}
			read[list] = true
			for _, r := range s.needs.runsUsing(list) {
				for d := int(s.runs[r].first); d < s.end(int(r)); d++ {
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
