//go:build ignore

// Blendertests lists the tests that need a Blender: those that come to
// blendertest.Find, be it through functions of their package.
//
//	go run testdata/blendertests.go [DIR…]
//
// prints a line for each package that has some: its folder, and a pattern for go test -run.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	for _, dir := range os.Args[1:] {
		if tests := needing(dir); len(tests) > 0 {
			fmt.Printf("%s ^(%s)$\n", dir, strings.Join(tests, "|"))
		}
	}
}

// needing returns the tests of the package in dir that come to Find.
func needing(dir string) (tests []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		log.Fatal(err)
	}
	names := map[string]map[string]bool{} // function or method, and the names in it
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			log.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				names[f.Name.Name] = add(names[f.Name.Name], f)
			}
		}
	}
	// What a needing function is called by needs it, too.
	need := map[string]bool{"blendertest.Find": true}
	for grown := true; grown; {
		grown = false
		for name, used := range names {
			for other := range used {
				if need[other] && !need[name] {
					need[name], grown = true, true
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(need)) {
		if strings.HasPrefix(name, "Test") {
			tests = append(tests, name)
		}
	}
	return tests
}

// add adds the names that a function's body has to those that are there.
func add(used map[string]bool, f *ast.FuncDecl) map[string]bool {
	if used == nil {
		used = map[string]bool{}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				used[x.Name+"."+n.Sel.Name] = true
			}
			used[n.Sel.Name] = true
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok {
				used[id.Name] = true
			}
		}
		return true
	})
	return used
}
