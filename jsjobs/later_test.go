package jsjobs

import "testing"

// Whatever asks first for what is made later, it is as if it had always been there.
func TestMadeLater(t *testing.T) {
	for expression, want := range map[string]string{
		`typeof Promise + typeof Uint8Array + typeof Pormise`:                                                                           `"functionfunctionundefined"`,
		`["Promise", "DataView", "%async", "Promises"].map(k => k in globalThis)`:                                                       `[true,true,true,false]`,
		`["Promise", "ArrayBuffer"].map(k => globalThis.hasOwnProperty(k))`:                                                             `[true,true]`,
		`Object.getOwnPropertyNames(globalThis).filter(k => /^(Promise|Float64Array|Map)$/.test(k)).sort()`:                             `["Float64Array","Map","Promise"]`,
		`Object.keys(globalThis).filter(k => /Promise|Array/.test(k))`:                                                                  `[]`,
		`(() => { const found = []; for (const k in globalThis) if (/Promise|Array/.test(k)) found.push(k); return found; })()`:         `[]`,
		`Object.getOwnPropertyDescriptor(globalThis, "Promise").enumerable`:                                                             `false`,
		`[globalThis["Pro" + "mise"].name, Promise.all.length, Promise.resolve.name, Uint8Array.name, DataView.prototype.getInt8.name]`: `["Promise",1,"resolve","Uint8Array","getInt8"]`,
		`[delete globalThis.Promise, typeof Promise, delete globalThis.Promise]`:                                                        `[true,"undefined",true]`,
		`(async () => 1)() instanceof Promise`:                                                                                          `true`,
		`(() => { globalThis.Promise = 1; return [Promise, Object.keys(globalThis).includes("Promise")]; })()`:                          `[1,false]`,
		`[...new Uint8Array([1, 2]).buffer.constructor.name]`:                                                                           `["A","r","r","a","y","B","u","f","f","e","r"]`,
	} {
		if got, err := evaluate(t, expression); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", expression, got, err, want)
		}
	}
}
