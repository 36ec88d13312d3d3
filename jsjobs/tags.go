package jsjobs

import (
	"strconv"
	"strings"
	"sync"

	"github.com/robertkrimen/otto"
)

// builtInTags are the kinds of objects that have a name of their own in
// Object.prototype.toString (ECMA-262 20.1.3.6).
var builtInTags = map[string]bool{"Array": true, "Function": true, "Error": true, "Boolean": true, "Number": true, "String": true,
	"Date": true, "RegExp": true, "Arguments": true, "Undefined": true}

// objectTag is Object.prototype.toString.
func (m *machine) objectTag(call otto.FunctionCall) otto.Value {
	switch {
	case call.This.IsUndefined():
		return jsText("[object Undefined]")
	case call.This.IsNull():
		return jsText("[object Null]")
	}
	tag := call.This.Class()
	o := inner(call.This)
	if o == nil {
		tag = map[bool]string{true: "String", false: "Number"}[call.This.IsString()]
		if call.This.IsBoolean() {
			tag = "Boolean"
		}
	} else if o.objectClass != noneClass {
		if !builtInTags[tag] {
			tag = "Object"
		}
		if own := o.objectClass.get(o, "@@toStringTag"); own.IsString() {
			tag = own.String()
		}
	}
	return jsText("[object " + tag + "]")
}

// lengths are how many parameters functions say they have which the host or the
// runtime made with another number of them.
const lengths = `Array.from 1 Array.isArray 1 Array.prototype.at 1 Array.prototype.concat 1 Array.prototype.copyWithin 2 Array.prototype.every 1
Array.prototype.fill 1 Array.prototype.filter 1 Array.prototype.find 1 Array.prototype.findIndex 1 Array.prototype.findLast 1
Array.prototype.findLastIndex 1 Array.prototype.flat 0 Array.prototype.flatMap 1 Array.prototype.forEach 1 Array.prototype.includes 1
Array.prototype.indexOf 1 Array.prototype.join 1 Array.prototype.lastIndexOf 1 Array.prototype.map 1 Array.prototype.push 1
Array.prototype.reduce 1 Array.prototype.reduceRight 1 Array.prototype.slice 2 Array.prototype.some 1 Array.prototype.sort 1
Array.prototype.splice 2 Array.prototype.unshift 1 Array.prototype.toSpliced 2 String.fromCharCode 1 String.fromCodePoint 1 String.raw 1
String.prototype.at 1 String.prototype.charAt 1 String.prototype.charCodeAt 1 String.prototype.codePointAt 1 String.prototype.concat 1
String.prototype.endsWith 1 String.prototype.includes 1 String.prototype.indexOf 1 String.prototype.lastIndexOf 1
String.prototype.localeCompare 1 String.prototype.match 1 String.prototype.matchAll 1 String.prototype.padEnd 1 String.prototype.padStart 1
String.prototype.repeat 1 String.prototype.replace 2 String.prototype.replaceAll 2 String.prototype.search 1 String.prototype.slice 2
String.prototype.split 2 String.prototype.startsWith 1 String.prototype.substring 2 String.prototype.substr 2 Object.assign 2
RegExp.prototype.exec 1 RegExp.prototype.test 1 RegExp.prototype.@@match 1 RegExp.prototype.@@replace 2 RegExp.prototype.@@search 1
RegExp.prototype.@@split 2 RegExp.prototype.@@matchAll 1 Date.parse 1 Date.UTC 7 Date.prototype.setDate 1 Date.prototype.setFullYear 3
Date.prototype.setHours 4 Date.prototype.setMilliseconds 1 Date.prototype.setMinutes 3 Date.prototype.setMonth 2
Date.prototype.setSeconds 2 Date.prototype.setTime 1 Date.prototype.setUTCDate 1 Date.prototype.setUTCFullYear 3
Date.prototype.setUTCHours 4 Date.prototype.setUTCMilliseconds 1 Date.prototype.setUTCMinutes 3 Date.prototype.setUTCMonth 2
Date.prototype.setUTCSeconds 2 Date.prototype.toJSON 1 Math.hypot 2 Math.max 2 Math.min 2 Number.prototype.toFixed 1
Number.prototype.toString 1 Number.prototype.toPrecision 1 Number.prototype.toExponential 1 JSON.parse 2 JSON.stringify 3`

// lengthOf is one of those, taken apart.
type lengthOf struct {
	path   []string
	length otto.Value
}

var (
	builtInLengths = sync.OnceValue(func() []lengthOf { return lengthsIn(lengths) })
	hostLengths    = sync.OnceValue(func() []lengthOf {
		return lengthsIn("author.Task 2 author.Command 3 frameChunker 2 frameCount 1 formatTimestampLocal 1 shellSplit 1 folderName 1 " +
			"path.basename 1 path.dirname 1 path.stem 1 path.join 0 require 1 process.cwd 0")
	})
)

func lengthsIn(table string) (list []lengthOf) {
	words := strings.Fields(table)
	for i := 0; i < len(words); i += 2 {
		n, _ := strconv.Atoi(words[i+1])
		list = append(list, lengthOf{strings.Split(words[i], "."), jsWhole(n)})
	}
	return list
}

// setLengths sets those.
func (m *machine) setLengths(global *innerObject, lengths []lengthOf) {
	for _, l := range lengths {
		o := global
		for _, name := range l.path {
			if o != nil {
				v, _ := o.property[name].value.(otto.Value)
				o = inner(v)
			}
		}
		if o != nil && o.class == "Function" {
			o.property["length"] = innerProperty{l.length, modeFixed}
		}
	}
}

// tidyBuiltIns gives what the runtime put into the built-ins the attributes that
// these have: no loop lists them, and functions have the names of their
// properties.
func (m *machine) tidyBuiltIns(global *innerObject) {
	m.setLengths(global, builtInLengths())
	m.later.tidied = map[*innerObject]bool{global: true}
	for _, name := range global.propertyOrder {
		m.tidyGlobal(global, name, m.later.tidied)
	}
}

// tidyGlobal does that for one global and what belongs to it. seen are those
// that are tidy.
func (m *machine) tidyGlobal(global *innerObject, name string, seen map[*innerObject]bool) {
	p := global.property[name]
	v, ok := p.value.(otto.Value)
	if !ok || strings.HasPrefix(name, "%") || inner(v) == nil {
		return
	}
	m.tidy(inner(v), seen)
	m.tidy(inner(v).prototype, seen)
	if prototype, ok := inner(v).property["prototype"].value.(otto.Value); ok {
		m.tidy(inner(prototype), seen)
	}
}

// tidy does that with the properties of one object.
func (m *machine) tidy(o *innerObject, seen map[*innerObject]bool) {
	if o == nil || seen[o] {
		return
	}
	seen[o] = true
	for name, p := range o.property {
		if p.mode == modeOpen {
			p.mode = modeHidden
			o.property[name] = p
		}
		v, _ := p.value.(otto.Value)
		if f := inner(v); f != nil && f.class == "Function" && name != "constructor" && !seen[f] {
			nameBuiltIn(f, name)
		}
	}
}

// nameBuiltIn names a function after its property, if it has no good name.
func nameBuiltIn(f *innerObject, name string) {
	if symbol, ok := strings.CutPrefix(name, "@@"); ok {
		name = "[Symbol." + symbol + "]"
	}
	if p, ok := f.property["name"]; ok {
		if old, _ := p.value.(otto.Value); old.String() == "" || strings.ContainsAny(old.String(), "./") {
			p.value = jsText(name)
		}
		p.mode = modeFixed
		f.property["name"] = p
	}
	if p, ok := f.property["length"]; ok {
		p.mode = modeFixed
		f.property["length"] = p
	}
}
