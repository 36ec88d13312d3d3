package jsjobs

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/robertkrimen/otto"
)

// sameLayout compares the types here with the engine's, and finds the places
// of the fields that are reached one by one.
func sameLayout() error {
	value := reflect.TypeOf(otto.Value{})
	vm := reflect.TypeOf(otto.Otto{})
	field, ok := vm.FieldByName("runtime")
	if !ok || field.Type.Kind() != reflect.Pointer {
		return fmt.Errorf("no runtime in %s", vm)
	}
	inside.ofOtto = field.Offset
	rt := field.Type.Elem()
	for name, at := range map[string]*uintptr{"scope": &inside.scope, "labels": &inside.labels, "otto": &inside.otto, "globalObject": &inside.global, "globalStash": &inside.globals} {
		f, ok := rt.FieldByName(name)
		if !ok {
			return fmt.Errorf("no %s in %s", name, rt)
		}
		*at = f.Offset
	}
	if labels, _ := rt.FieldByName("labels"); labels.Type != reflect.TypeFor[[]string]() {
		return fmt.Errorf("labels are a %s", labels.Type)
	}
	object, _ := rt.FieldByName("globalObject")
	stash, _ := rt.FieldByName("globalStash")
	in, ok := stash.Type.Elem().FieldByName("object")
	if !ok {
		return fmt.Errorf("no object in %s", stash.Type.Elem())
	}
	inside.ofGlobals = in.Offset
	for _, pair := range [][2]reflect.Type{{value, reflect.TypeOf(innerValue{})}, {object.Type.Elem(), reflect.TypeOf(innerObject{})}} {
		if err := sameFields(pair[0], pair[1]); err != nil {
			return err
		}
	}
	property, _ := object.Type.Elem().FieldByName("property")
	class, _ := object.Type.Elem().FieldByName("objectClass")
	if err := sameFields(property.Type.Elem(), reflect.TypeOf(innerProperty{})); err != nil {
		return err
	}
	if err := sameFields(class.Type.Elem(), reflect.TypeOf(innerClass{})); err != nil {
		return err
	}
	scope, _ := rt.FieldByName("scope")
	frame, ok := scope.Type.Elem().FieldByName("frame")
	if !ok {
		return fmt.Errorf("no frame in %s", scope.Type.Elem())
	}
	if err := sameFields(frame.Type, reflect.TypeOf(innerFrame{})); err != nil {
		return err
	}
	if err := sameValues(object.Type); err != nil {
		return err
	}
	return sameFunction()
}

// sameValues looks at what the engine puts into interfaces: an object, a pair of
// accessors, and what it panics with.
func sameValues(object reflect.Type) error {
	vm := otto.New()
	v, err := vm.Run("Object.defineProperty({}, 'x', {get: function () {}})")
	if err != nil {
		return err
	}
	if t := reflect.ValueOf(v).FieldByName("value").Elem().Type(); t != object || t.Kind() != reflect.Pointer {
		return fmt.Errorf("an object is a %s", t)
	}
	if t := reflect.TypeOf(inner(v).property["x"].value); t.Kind() != reflect.Array || t.Len() != 2 || t.Elem() != object {
		return fmt.Errorf("accessors are a %s", t)
	}
	t := reflect.TypeOf(recovered(vm))
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct || t.NumField() == 0 || t.Field(0).Type.Kind() != reflect.Interface {
		return fmt.Errorf("what is thrown is a %v", t)
	}
	return nil
}

// sameFields compares two structures field by field.
func sameFields(theirs, ours reflect.Type) error {
	if theirs.Kind() != reflect.Struct || theirs.NumField() != ours.NumField() || theirs.Size() != ours.Size() {
		return fmt.Errorf("%s has another size", theirs)
	}
	for i := range ours.NumField() {
		a, b := theirs.Field(i), ours.Field(i)
		if a.Name != b.Name || a.Offset != b.Offset || a.Type.Size() != b.Type.Size() {
			return fmt.Errorf("%s.%s is not where %s.%s is", theirs, a.Name, ours, b.Name)
		}
		if a.Type.Kind() != b.Type.Kind() && b.Type.Kind() != reflect.UnsafePointer && b.Type != reflect.TypeFor[innerStasher]() {
			return fmt.Errorf("%s.%s is a %s", theirs, a.Name, a.Type)
		}
		if a.Type.Kind() == reflect.Func && b.Type.Kind() == reflect.Func && a.Type.NumIn() != b.Type.NumIn() {
			return fmt.Errorf("%s.%s takes other parameters", theirs, a.Name)
		}
	}
	return nil
}

// sameFunction looks at what a function has in its slot.
func sameFunction() error {
	v, err := otto.New().Run("(function f() {})")
	if err != nil {
		return err
	}
	slot := reflect.TypeOf(inner(v).value)
	if slot.Kind() != reflect.Struct || slot.NumField() != 2 || slot.Field(0).Name != "node" || slot.Field(1).Name != "stash" {
		return fmt.Errorf("a function is a %s", slot)
	}
	name, ok := slot.Field(0).Type.Elem().FieldByName("name")
	if !ok || name.Type.Kind() != reflect.String {
		return fmt.Errorf("%s has no name", slot.Field(0).Type)
	}
	inside.nodeName = name.Offset
	// A function that knows its own name has a scope for that alone, which ofFunction leaves out.
	stash := reflect.ValueOf(inner(v).value).Field(1).Elem().Type()
	if stash.Kind() != reflect.Pointer || stash.Elem().Kind() != reflect.Struct || stash.Elem().NumField() < 2 {
		return fmt.Errorf("variables are in a %s", stash)
	}
	outer := stash.Elem().Field(1)
	if outer.Type.Kind() != reflect.Interface || outer.Offset != unsafe.Offsetof(innerStash{}.outer) {
		return fmt.Errorf("%s.%s is not the outer scope", stash, outer.Name)
	}
	return nil
}
