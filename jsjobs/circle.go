package jsjobs

import (
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// findCircle returns tasks that need each other in a circle, or nil.
func findCircle(tasks []farm.PlannedTask) []int {
	// Take away what needs nothing that is left, until there is no such task:
	// every task that is left needs another one that is left.
	open := make([]int, len(tasks))
	users := make([][]int, len(tasks))
	var free []int
	for i := range tasks {
		open[i] = len(tasks[i].Needs)
		for _, need := range tasks[i].Needs {
			users[need] = append(users[need], i)
		}
		if open[i] == 0 {
			free = append(free, i)
		}
	}
	for len(free) > 0 {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for _, user := range users[i] {
			if open[user]--; open[user] == 0 {
				free = append(free, user)
			}
		}
	}
	at := slices.IndexFunc(open, func(n int) bool { return n > 0 })
	if at < 0 {
		return nil
	}
	// Walking along needs that are left must come back to where it was.
	seen := map[int]int{}
	var way []int
	for {
		if start, ok := seen[at]; ok {
			return way[start:]
		}
		seen[at] = len(way) // the first time here
		way = append(way, at)
		at = tasks[at].Needs[slices.IndexFunc(tasks[at].Needs, func(need int) bool { return open[need] > 0 })]
	}
}

// namesOf writes the names of some tasks; of many the first ten.
func namesOf(tasks []farm.PlannedTask, some []int) string {
	var b strings.Builder
	for n, i := range some {
		if n == 10 {
			b.WriteString(" and " + strconv.Itoa(len(some)-n) + " more")
			break
		}
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(brief(tasks[i].Name)))
	}
	return b.String()
}
