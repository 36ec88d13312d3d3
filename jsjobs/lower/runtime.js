// What lowered programs call, under names that no script can write. Symbols
// are objects whose text, "@@" and something unique, is the property's name.
(function (global, common) {
	var slice = common.slice || Array.prototype.slice, toString = Object.prototype.toString, has = Object.prototype.hasOwnProperty;
	var concat = common.concat || Array.prototype.concat, chars = common.chars, keys = common.keys, longest = 5000000; // items that may be spread

	function help(name, f) {
		Object.defineProperty(global, "%" + name, { value: f });
	}
	function isObject(v) {
		return typeof v === "object" && v !== null || typeof v === "function";
	}

	// What functions have as this that are called on nothing. The host may have
	// put something else there than the engine's.
	help("global", global);
	if (!("%none" in global)) {
		help("none", global);
		help("number", Number);
		help("instanceof", function (v, C) { return v instanceof C; });
	}

	// ---- variables

	// The object that holds the variables of one pass through a block.
	help("scope", function () {
		var o = Object.create(null);
		for (var i = 0; i < arguments.length; i++) {
			o[arguments[i]] = undefined;
		}
		return o;
	});
	help("start", function () {
		var o = Object.create(null);
		for (var i = 0; i < arguments.length; i += 2) {
			o[arguments[i]] = arguments[i + 1];
		}
		return o;
	});
	help("copy", function (from) {
		var o = Object.create(null);
		for (var k in from) {
			o[k] = from[k];
		}
		return o;
	});
	help("declared", function (name) {
		if (!(name in global)) {
			throw new ReferenceError("'" + name + "' is not defined: declare it with let, const or var");
		}
	});
	help("callable", function (f, name) {
		if (typeof f !== "function") {
			throw new TypeError("\"" + name + "\" is not a function");
		}
		return f;
	});
	var dead = { toString: function () { return "a variable before its declaration"; } };
	help("dead", dead);
	help("live", function (value, name) {
		if (value === dead) {
			throw new ReferenceError("Cannot access '" + name + "' before initialization");
		}
		return value;
	});
	help("constant", function (name) {
		throw new TypeError("Assignment to constant variable '" + name + "'");
	});

	// ---- lists

	// plain reports whether x is an array that is gone through as arrays are.
	function plain(x) {
		return x instanceof Array && (common.arrayValues === undefined || x["@@iterator"] === common.arrayValues);
	}
	function begin(x) {
		var f = x === undefined || x === null ? undefined : x["@@iterator"], it;
		if (typeof f !== "function") {
			throw new TypeError((isObject(x) ? "this object" : String(x)) + " is not iterable");
		}
		it = f.call(x);
		if (!isObject(it)) {
			throw new TypeError("Result of the Symbol.iterator method is not an object");
		}
		return it;
	}
	// stepper asks an iterator for one item after the other: it returns the
	// result, or undefined at the end. What throws is over too.
	function stepper(x) {
		var it = begin(x), next = it.next, s = { open: true };
		s.step = function () {
			s.open = false;
			var r = next.call(it), v;
			if (!isObject(r)) {
				throw new TypeError("Iterator result " + String(r) + " is not an object");
			}
			if (r.done) {
				return undefined;
			}
			v = { value: r.value };
			s.open = true;
			return v;
		};
		// close tells the iterator that no more is wanted. After a mistake
		// nothing it says about that counts.
		s.close = function (quiet) {
			if (!s.open) {
				return;
			}
			s.open = false;
			var f, r;
			try {
				f = it["return"];
				if (f === undefined || f === null) {
					return;
				}
				r = f.call(it);
			} catch (e) {
				if (quiet) {
					return;
				}
				throw e;
			}
			if (!quiet && !isObject(r)) {
				throw new TypeError("Iterator result " + String(r) + " is not an object");
			}
		};
		return s;
	}
	// drain reads an iterator to its end.
	function drain(x) {
		if (typeof x === "string" || x instanceof String && x["@@iterator"] === common.stringValues) {
			return chars(String(x));
		}
		if (toString.call(x) === "[object Arguments]") {
			return slice.call(x);
		}
		var s = stepper(x), out = [], r;
		while ((r = s.step())) {
			out.push(r.value);
		}
		return out;
	}
	function steps(list, s) {
		Object.defineProperty(list, "%steps", { value: s });
		return list;
	}
	// iterate gives for-of what has a length and items. An iterator is asked
	// for one more item each time the length is looked at.
	function iterate(x) {
		if (plain(x) || toString.call(x) === "[object Arguments]") {
			return x;
		}
		if (typeof x === "string") {
			return chars(x);
		}
		var s = stepper(x), list = {}, n = 0, over = false;
		Object.defineProperty(list, "length", { get: function () {
			if (!over) {
				var r = s.step();
				delete list[n - 1];
				if (r) {
					list[n++] = r.value;
				} else {
					over = true;
				}
			}
			return n;
		} });
		return steps(list, s);
	}
	help("iterate", iterate);
	// take gives a pattern what has items, each of which is asked for once and
	// in order; skip is the item that the pattern passes over.
	help("take", function (x, limit) {
		if (plain(x)) {
			return x;
		}
		if (typeof x === "string") {
			return chars(x);
		}
		var s = stepper(x), list = {};
		function item() {
			var r = s.open ? s.step() : undefined;
			return r && r.value;
		}
		for (var i = 0; i < limit; i++) {
			Object.defineProperty(list, i, { get: item });
		}
		return steps(list, s);
	});
	help("close", function (list) {
		list["%steps"].close(false);
	});
	help("abandon", function (list, e) {
		if (list && list["%steps"]) {
			list["%steps"].close(e !== common.leaving);
		}
		return e;
	});
	help("from", function (list, n) {
		var s = list["%steps"], out, r;
		if (s) { // what is before n was taken
			for (out = []; s.open && (r = s.step());) {
				out.push(r.value);
			}
			return out;
		}
		return slice.call(list, n);
	});
	help("list", function (kinds) {
		var parts = [];
		for (var i = 1; i < arguments.length; i++) {
			var part = arguments[i];
			if (!plain(part) && kinds.charAt(i - 1) === "s") {
				part = drain(part);
			} else if (part.length > longest) {
				throw new RangeError("an array of " + part.length + " items cannot be spread: the limit is " + longest);
			}
			parts.push(part);
		}
		return concat.apply([], parts);
	});

	// ---- objects

	// What for-in goes over: the names, and in of what they are names of. Those
	// of the engine's own prototypes are not listed.
	var silent = common.silent = [Object.prototype, Array.prototype, Function.prototype, String.prototype, null];
	help("enumerate", function (v) {
		if (v === undefined || v === null) {
			return [];
		}
		var names = keys(v), seen;
		for (var o = Object.getPrototypeOf(Object(v)); silent.indexOf(o) < 0; o = Object.getPrototypeOf(o)) {
			seen = seen || names.reduce(function (all, k) { all[k] = true; return all; }, Object.create(null));
			keys(o).forEach(function (k) {
				if (!seen[k]) {
					seen[k] = true;
					names.push(k);
				}
			});
		}
		Object.defineProperty(names, "of", { value: Object(v) });
		return names;
	});
	help("object", function (v) {
		if (v === undefined || v === null) {
			throw new TypeError("Cannot destructure '" + v + "' as it is " + v);
		}
		return v;
	});
	help("without", function (o, taken) {
		var out = {}, left = Object.create(null);
		for (var i = 0; i < taken.length; i++) {
			left[taken[i]] = true;
		}
		keys(Object(o)).forEach(function (k) {
			if (!left[k]) {
				out[k] = o[k];
			}
		});
		return out;
	});
	help("assign", function (o, from) {
		var i, names;
		if (typeof from === "string") {
			for (i = 0; i < from.length; i++) {
				o[i] = from.charAt(i);
			}
		} else if (isObject(from)) {
			for (i = 0, names = keys(from); i < names.length; i++) {
				o[names[i]] = from[names[i]];
			}
		}
	});
	function accessor(o, kind, key, f, enumerable) {
		var d = { enumerable: enumerable, configurable: true }, old = Object.getOwnPropertyDescriptor(o, key);
		if (old && old.get) {
			d.get = old.get;
		}
		if (old && old.set) {
			d.set = old.set;
		}
		d[kind] = f;
		Object.defineProperty(o, key, d);
	}
	function hidden(key) {
		return key.slice(0, 2) === "@@" || key.charAt(0) === "#" && key.indexOf("%") > 0;
	}
	function field(o, key, v) {
		key = String(key);
		Object.defineProperty(o, key, { value: v, writable: true, configurable: true, enumerable: !hidden(key) });
	}
	help("field", field);
	help("define", function (o, kind, key, v) {
		key = String(key);
		if (kind !== "value") {
			accessor(o, kind, key, v, !hidden(key));
		} else if (hidden(key)) {
			field(o, key, v);
		} else {
			o[key] = v;
		}
	});
	help("strings", function (cooked, raw) {
		Object.defineProperty(cooked, "raw", { value: Object.freeze(raw) });
		return Object.freeze(cooked);
	});
	help("power", Math.pow);
	help("kind", function (o) { // typeof of what the engine calls an object
		return o !== null && Object.getPrototypeOf(o) === common.symbols ? "symbol" : "object";
	});

	// ---- classes

	help("Object", Object);
	help("construct", function (f, args) {
		if (typeof f !== "function") {
			throw new TypeError(String(f) + " is not a constructor");
		}
		return new (Function.prototype.bind.apply(f, [null].concat(args)))();
	});
	help("super", function (s) {
		if (s !== null && typeof s !== "function") {
			throw new TypeError("Class extends value " + String(s) + " is not a constructor or null");
		}
		return s;
	});
	help("new", function (self, c, name) {
		if (!(self instanceof c) && !(common.isMade && common.isMade(self))) {
			throw new TypeError("Class constructor " + name + " cannot be invoked without 'new'");
		}
	});
	help("inherit", function (o, prototype) {
		if (isObject(prototype) || prototype === null) {
			common.setPrototypeOf(o, prototype);
		}
	});
	help("parent", Object.getPrototypeOf);
	help("target of", function (self, f) {
		if (!isObject(self) || !isObject(f.prototype) || !(self instanceof f)) {
			return undefined;
		}
		var prototype = Object.getPrototypeOf(self), c = has.call(prototype, "constructor") ? prototype.constructor : undefined;
		return typeof c === "function" && c.prototype === prototype ? c : f;
	});
	// What a class has is told by three arguments each: what it is, its name
	// and its function.
	help("class", function (c, derived, parent) {
		if (derived) {
			if (parent !== null) {
				var prototype = parent.prototype;
				if (!isObject(prototype) && prototype !== null) {
					throw new TypeError("Class extends value does not have valid prototype property " + String(prototype));
				}
				common.setPrototypeOf(c, parent);
			}
			c.prototype = Object.create(parent && prototype);
		}
		Object.defineProperty(c, "prototype", { writable: false });
		Object.defineProperty(c.prototype, "constructor", { value: c, writable: true, configurable: true, enumerable: false });
		for (var i = 3; i < arguments.length; i += 3) {
			var kind = arguments[i], key = String(arguments[i + 1]), o = c.prototype;
			if (kind.slice(0, 7) === "static ") {
				kind = kind.slice(7);
				o = c;
			}
			if (kind === "method") {
				Object.defineProperty(o, key, { value: arguments[i + 2], writable: key.charAt(0) !== "#" || !hidden(key), configurable: true, enumerable: false });
			} else {
				accessor(o, kind, key, arguments[i + 2], false);
			}
		}
	});
	help("construct super", function (parent, self, args, before) {
		if (before !== undefined) {
			throw new ReferenceError("Super constructor may only be called once");
		}
		if (parent === null) {
			throw new TypeError("Super constructor null is not a constructor");
		}
		return common.constructOn(parent, self, slice.call(args));
	});
	help("unbound", function () {
		throw new ReferenceError("Must call super constructor in derived class before accessing 'this' or returning from derived constructor");
	});
	help("constructed", function (value, self) {
		if (isObject(value)) {
			return value;
		}
		if (self === undefined) {
			throw new ReferenceError("Must call super constructor in derived class before accessing 'this' or returning from derived constructor");
		}
		return self;
	});

	common.drain = drain;
	common.begin = begin;
})
