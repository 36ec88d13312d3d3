//go:build ignore

// Times makes a table of where the time of the tests goes:
//
//	go test -json ./... | go run testdata/times.go
//
// Packages with the seconds that each took, and the slowest tests. Packages run beside each
// other, so the sum is more than what one waits for.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"
)

// event is what go test -json prints; see go doc test2json.
type event struct {
	Time                  time.Time
	Action, Package, Test string
	Elapsed               float64
}

const slowest = 20

func main() {
	var packages, tests []event
	var began, ended time.Time
	failed := false
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			continue // what the compiler says
		}
		if began.IsZero() {
			began = e.Time
		}
		ended = e.Time
		failed = failed || e.Action == "fail"
		e.Package = cmp.Or(strings.TrimPrefix(e.Package, "renderfarm/"), ".")
		switch {
		case e.Action != "pass" && e.Action != "fail":
		case e.Test == "":
			packages = append(packages, e)
		case !strings.Contains(e.Test, "/"):
			tests = append(tests, e)
		}
	}
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f s in all\n\n| seconds | package |\n|---:|---|\n", ended.Sub(began).Seconds())
	for _, e := range longest(packages, len(packages)) {
		fmt.Printf("| %.1f | `%s` |\n", e.Elapsed, e.Package)
	}
	fmt.Printf("\n| seconds | test |\n|---:|---|\n")
	for _, e := range longest(tests, slowest) {
		fmt.Printf("| %.1f | `%s` %s |\n", e.Elapsed, e.Package, e.Test)
	}
	if failed {
		fmt.Println("\nSome failed.")
		os.Exit(1)
	}
}

// longest returns the n events that took longest, of those that took a tenth of a second.
func longest(all []event, n int) []event {
	slices.SortFunc(all, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	all = slices.DeleteFunc(all, func(e event) bool { return e.Elapsed < 0.1 })
	return all[:min(n, len(all))]
}
