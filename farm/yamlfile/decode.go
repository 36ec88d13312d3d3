package yamlfile

import (
	"encoding"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Decode is Read for data that is already in memory; name stands for the file in errors.
func Decode(name string, data []byte, v any) error {
	d, root, err := parse(name, data)
	if err != nil || isNothing(root) {
		return err
	}
	return d.decode(root, reflect.ValueOf(v).Elem(), "", 0)
}

// decode puts the node's value into to. key is the path of keys that led here,
// for errors. The library's own decoder is not used: it empties what a file
// without keys is decoded into, cuts fractions off, replaces whole maps, and
// loses the place of errors in durations.
func (d *document) decode(n ast.Node, to reflect.Value, key string, depth int) error {
	if depth > maxDepth {
		return d.at(n.GetToken(), "this is nested too deep")
	}
	// A key without a value asks for nothing, so the default stays.
	n, err := d.plain(n)
	if err != nil || isNothing(n) {
		return err
	}
	// What reads itself from text, such as a duration, says what is wrong with it.
	if to.CanAddr() {
		if t, ok := to.Addr().Interface().(encoding.TextUnmarshaler); ok {
			return d.decodeText(n, t, key)
		}
	}
	switch to.Kind() {
	case reflect.Pointer:
		if to.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
		}
		return d.decode(n, to.Elem(), key, depth+1)
	case reflect.Struct:
		return d.decodeStruct(n, to, key, depth)
	case reflect.Map:
		return d.decodeMap(n, to, key, depth)
	case reflect.Slice:
		return d.decodeList(n, to, key, depth)
	}
	return d.decodeScalar(n, to, key)
}

// decodeText lets a type read its own text.
func (d *document) decodeText(n ast.Node, to encoding.TextUnmarshaler, key string) error {
	if !isScalar(n) {
		return d.at(n.GetToken(), "%s should be one value, not %s", key, kind(n))
	}
	if err := to.UnmarshalText([]byte(scalarText(n))); err != nil {
		return d.at(n.GetToken(), "%s: %v", key, err)
	}
	return nil
}

// decodeStruct fills the fields that the file has keys for. A key that is no
// field is a mistake: most often a misspelt one, which without this would be
// noticed when the farm does not do what its owner wrote.
func (d *document) decodeStruct(n ast.Node, to reflect.Value, key string, depth int) error {
	entries, ok := pairs(n)
	if !ok {
		if key == "" {
			return d.at(n.GetToken(), "the file should consist of lines like `key: value`; this is %s", kind(n))
		}
		return d.at(n.GetToken(), "%s should have keys below it, not %s", key, kind(n))
	}
	fields := fieldsOf(to.Type())
	for _, e := range entries {
		name := keyText(e.Key)
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		if i < 0 {
			return d.at(e.Key.GetToken(), "unknown key %q%s", under(key, name), suggestion(name, fields))
		}
		if err := d.decode(e.Value, to.FieldByIndex(fields[i].index), under(key, name), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// decodeMap adds the file's entries to those of the map. An entry with the same
// key replaces the one there.
func (d *document) decodeMap(n ast.Node, to reflect.Value, key string, depth int) error {
	entries, ok := pairs(n)
	if !ok {
		return d.at(n.GetToken(), "%s should have keys below it, not %s", key, kind(n))
	}
	if to.IsNil() {
		to.Set(reflect.MakeMap(to.Type()))
	}
	for _, e := range entries {
		// A new value, not the one there: the file's entry is the whole entry.
		value := reflect.New(to.Type().Elem()).Elem()
		if err := d.decode(e.Value, value, under(key, keyText(e.Key)), depth+1); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(keyText(e.Key)).Convert(to.Type().Key()), value)
	}
	return nil
}

// decodeList replaces the list by the file's.
func (d *document) decodeList(n ast.Node, to reflect.Value, key string, depth int) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return d.at(n.GetToken(), "%s should be a list (lines that begin with a dash), not %s", key, kind(n))
	}
	// Nothing is appended: a list in the file is the whole list.
	values := reflect.MakeSlice(to.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		if err := d.decode(item, values.Index(i), key+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	to.Set(values)
	return nil
}

// decodeScalar fills text, numbers and truth values. Text may look like
// anything, such as a password of digits; the others must be what they are.
func (d *document) decodeScalar(n ast.Node, to reflect.Value, key string) error {
	wrong := func(wanted string) error {
		return d.at(n.GetToken(), "%s should be %s, not %s (%.40q)", key, wanted, kind(n), scalarText(n))
	}
	if !isScalar(n) {
		return d.at(n.GetToken(), "%s should be one value, not %s", key, kind(n))
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(scalarText(n))
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return wrong("true or false")
		}
		to.SetBool(b.Value)
	case reflect.Int, reflect.Int64, reflect.Int32:
		i, ok := wholeNumber(n)
		if !ok || to.OverflowInt(i) {
			return wrong("a whole number that is not too large")
		}
		to.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(scalarText(n), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || n.Type() == ast.StringType {
			return wrong("a number")
		}
		to.SetFloat(f)
	default: // a mistake in this program, found by its first test
		panic("yamlfile: no support for " + to.Type().String())
	}
	return nil
}

// wholeNumber returns the value of a number that was written as a whole one.
func wholeNumber(n ast.Node) (int64, bool) {
	x, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch v := x.Value.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

// isScalar reports whether the node is one value, no list and no map.
func isScalar(n ast.Node) bool {
	_, ok := n.(ast.ScalarNode)
	return ok
}

// A field is a struct's field and the key it has in the file.
type field struct {
	key     string
	options string // after the comma of its tag
	index   []int
}

// fieldsOf returns the fields of a struct that have keys. Those of an embedded
// struct count as its own.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Anonymous && key == "" || !f.IsExported() || key == "-" {
			continue
		}
		if key == "" {
			key = strings.ToLower(f.Name)
		}
		fields = append(fields, field{key, options, f.Index})
	}
	return fields
}

// under returns the path of a key below another, as errors name it.
func under(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
