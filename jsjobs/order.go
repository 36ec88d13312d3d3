package jsjobs

import (
	"slices"
	"strconv"

	"github.com/robertkrimen/otto"
)

// orderNames changes the engine's tables of what objects do, for all virtual
// machines of the process. Names are listed as the standard orders them
// (ECMA-262 10.1.11); the engine has them as they came. And names such as "007"
// and "+1" are no indexes of arrays, though they are numbers to Go.
func orderNames(vm *otto.Otto) {
	object, _ := vm.Run("({})")
	plain := inner(object).objectClass.defineOwnProperty
	seen := map[*innerClass]bool{}
	for _, sample := range []string{"({})", "[]", "new String('')", "(function () { return arguments })()"} {
		v, _ := vm.Run(sample)
		class := inner(v).objectClass
		if seen[class] {
			continue
		}
		seen[class] = true
		enumerate := class.enumerate
		class.enumerate = func(o *innerObject, all bool, each func(string) bool) {
			var names []string
			enumerate(o, all, func(name string) bool {
				names = append(names, name)
				return true
			})
			for _, name := range numbersFirst(names) {
				if !each(name) {
					return
				}
			}
		}
		if inner(v).class == "Array" {
			define := class.defineOwnProperty
			class.defineOwnProperty = func(o *innerObject, name string, p innerProperty, throw bool) bool {
				if len(name) > 1 && (name[0] == '0' || name[0] == '+' || name[0] == '-') {
					return plain(o, name, p, throw)
				}
				return define(o, name, p, throw)
			}
		}
	}
}

// numbersFirst orders names of properties: numbers by size, then the others as
// they came. The list itself may be changed.
func numbersFirst(names []string) []string {
	type numbered struct {
		n    uint64
		name string
	}
	var numbers []numbered
	others := names[:0]
	inOrder := true
	for _, name := range names {
		n, ok := indexOf(name)
		if !ok {
			others = append(others, name)
			continue
		}
		inOrder = inOrder && len(others) == 0 && (len(numbers) == 0 || numbers[len(numbers)-1].n < n)
		numbers = append(numbers, numbered{n, name})
	}
	if numbers == nil {
		return others
	}
	if !inOrder {
		slices.SortFunc(numbers, func(a, b numbered) int { return int(int64(a.n) - int64(b.n)) })
	}
	all := make([]string, 0, len(numbers)+len(others))
	for _, n := range numbers {
		all = append(all, n.name)
	}
	return append(all, others...)
}

// indexOf is the number that a name is, if it could be one of an array's item.
func indexOf(name string) (uint64, bool) {
	if name == "" || name[0] < '0' || name[0] > '9' || len(name) > 10 || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return n, err == nil
}

// withoutSymbols takes the keys that are symbols out of a list of names.
func withoutSymbols(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return len(name) > 1 && name[:2] == "@@" })
}
