// The built-ins of ES2015 and later that the engine lacks, or has otherwise
// than the standard says. It is a function of the global object and of what
// lowered programs and it have in common: keys, chars and drain. What it needs
// of the engine it takes now, because a script may call its own things Map.
(function (global, common) {
	var defineProperty = Object.defineProperty, getNames = Object.getOwnPropertyNames, has = Object.prototype.hasOwnProperty;
	var toString = Object.prototype.toString, push = Array.prototype.push, slice = Array.prototype.slice;
	var keys = common.keys, chars = common.chars, drain = common.drain, ITERATOR = "@@iterator";

	// set defines a property as built-ins are: no loop lists it.
	function set(o, name, value) {
		defineProperty(o, name, { value: value, writable: true, enumerable: false, configurable: true });
	}
	// add puts members into a built-in. They would be listed, but lowered loops
	// do not list what built-ins have.
	function add(o, members) {
		for (var name in members) {
			o[name] = members[name];
		}
	}
	// define is add for members that no loop lists, with their names.
	function define(o, members) {
		for (var name in members) {
			defineProperty(o, name, { value: members[name], writable: true, enumerable: false, configurable: true });
		}
	}
	function whole(n) {
		n = Number(n);
		return n !== n ? 0 : n < 0 ? Math.ceil(n) : Math.floor(n);
	}
	function same(a, b) {
		return a === b || a !== a && b !== b;
	}
	function isObject(v) {
		return typeof v === "object" && v !== null || typeof v === "function";
	}
	function isPattern(v) {
		return toString.call(v) === "[object RegExp]";
	}
	function callable(f) {
		if (typeof f !== "function") {
			throw new TypeError(String(f) + " is not a function");
		}
		return f;
	}
	function text(o, method) {
		if (o === undefined || o === null) {
			throw new TypeError("String.prototype." + method + " called on null or undefined");
		}
		return String(o);
	}
	// within is a position counted from the end if it is negative.
	function within(i, n, other) {
		if (i === undefined) {
			return other;
		}
		i = whole(i);
		return i < 0 ? Math.max(0, n + i) : Math.min(i, n);
	}

	// ---- Symbol, as an object whose text is the property's name

	var symbols = 0, registry = {};
	function Symbol(description) {
		if (this instanceof Symbol) {
			throw new TypeError("Symbol is not a constructor");
		}
		return symbol("@@" + ++symbols + ":" + description, description);
	}
	function symbol(key, description) {
		var s = Object.create(Symbol.prototype);
		set(s, "toString", function () { return key; });
		set(s, "description", description === undefined ? undefined : String(description));
		return Object.freeze(s);
	}
	add(Symbol, {
		iterator: symbol(ITERATOR, "Symbol.iterator"),
		"for": function (key) {
			key = String(key);
			return has.call(registry, key) ? registry[key] : registry[key] = symbol("@@for:" + key, key);
		}
	});

	// ---- iterators

	function Iterator(next) {
		this.next = next;
	}
	set(Iterator.prototype, ITERATOR, function () { return this; });
	// iterator gives what next does until that gives nothing; next gives its
	// values in an array of one.
	function iterator(next) {
		var over = false;
		return new Iterator(function () {
			var r = over ? undefined : next();
			over = !r;
			return { value: r ? r[0] : undefined, done: over };
		});
	}
	function each(list, item) {
		var i = 0;
		return iterator(function () { return i < list.length ? [item(i++)] : undefined; });
	}

	// ---- Object

	function all(o) {
		if (o === undefined || o === null) {
			throw new TypeError("Cannot convert undefined or null to object");
		}
		return keys(o);
	}
	add(Object, {
		keys: all,
		values: function (o) { return all(o).map(function (k) { return o[k]; }); },
		entries: function (o) { return all(o).map(function (k) { return [k, o[k]]; }); },
		fromEntries: function (entries) {
			var o = {};
			drain(entries).forEach(function (e) { o[e[0]] = e[1]; });
			return o;
		},
		assign: function (target) {
			if (target === undefined || target === null) {
				throw new TypeError("Cannot convert undefined or null to object");
			}
			for (var i = 1; i < arguments.length; i++) {
				var from = arguments[i], names = from === undefined || from === null ? [] : keys(from);
				for (var j = 0; j < names.length; j++) {
					target[names[j]] = from[names[j]];
				}
			}
			return target;
		},
		is: function (a, b) { return a === b ? a !== 0 || 1 / a === 1 / b : a !== a && b !== b; },
		hasOwn: function (o, k) { return has.call(o, k); },
		getOwnPropertySymbols: function () { return []; },
		getOwnPropertyNames: function (o) { return getNames(Object(o)).filter(function (k) { return k.slice(0, 2) !== "@@"; }); },
		getOwnPropertyDescriptors: function (o) {
			var out = {};
			getNames(o).forEach(function (k) { out[k] = Object.getOwnPropertyDescriptor(o, k); });
			return out;
		},
		groupBy: function (items, f) {
			var out = {};
			drain(items).forEach(function (x, i) {
				var k = f(x, i);
				(has.call(out, k) ? out[k] : out[k] = []).push(x);
			});
			return out;
		}
	});

	// ---- Number and Math

	function finite(n) {
		return typeof n === "number" && isFinite(n);
	}
	function integer(n) {
		return finite(n) && Math.floor(n) === n;
	}
	add(Number, {
		isInteger: integer,
		isFinite: finite,
		isNaN: function (n) { return typeof n === "number" && n !== n; },
		isSafeInteger: function (n) { return integer(n) && Math.abs(n) <= 9007199254740991; },
		parseInt: parseInt, parseFloat: parseFloat,
		MAX_SAFE_INTEGER: 9007199254740991, MIN_SAFE_INTEGER: -9007199254740991, EPSILON: Math.pow(2, -52)
	});
	add(Math, {
		sign: function (n) { n = Number(n); return n > 0 ? 1 : n < 0 ? -1 : n; },
		hypot: function () {
			var sum = 0;
			for (var i = 0; i < arguments.length; i++) {
				sum += arguments[i] * arguments[i];
			}
			return Math.sqrt(sum);
		},
		fround: function (n) { return common.fround(n); },
		clz32: function (n) {
			var count = 32;
			for (n = n >>> 0; n; n >>>= 1) {
				count--;
			}
			return count;
		},
		imul: function (a, b) { return ((a & 0xffff) * b + (((a >>> 16) * b & 0xffff) << 16)) | 0; }
	});

	// ---- String

	function notPattern(x, method) {
		if (isPattern(x)) {
			throw new TypeError("First argument to String.prototype." + method + " must not be a regular expression");
		}
		return String(x);
	}
	function padding(s, length, fill) {
		fill = fill === undefined ? " " : String(fill);
		length = whole(length) - s.length;
		return length <= 0 || fill === "" ? "" : repeat(fill, Math.ceil(length / fill.length)).slice(0, length);
	}
	function repeat(s, n) {
		n = whole(n);
		if (n < 0 || n === Infinity || s.length * n > 1 << 27) {
			throw new RangeError("Invalid count value: " + n);
		}
		for (var out = ""; n > 0; n = Math.floor(n / 2), s += n ? s : "") {
			if (n % 2) {
				out += s;
			}
		}
		return out;
	}
	function expand(replacement, found, at, s) {
		return replacement.replace(/\$([$&`'])/g, function (all, c) {
			return c === "$" ? "$" : c === "&" ? found : c === "`" ? s.slice(0, at) : s.slice(at + found.length);
		});
	}
	add(String.prototype, {
		includes: function (x, from) { return text(this, "includes").indexOf(notPattern(x, "includes"), whole(from)) >= 0; },
		startsWith: function (x, from) {
			var s = text(this, "startsWith");
			x = notPattern(x, "startsWith");
			from = Math.min(Math.max(whole(from), 0), s.length);
			return s.slice(from, from + x.length) === x;
		},
		endsWith: function (x, end) {
			var s = text(this, "endsWith");
			x = notPattern(x, "endsWith");
			end = end === undefined ? s.length : Math.min(Math.max(whole(end), 0), s.length);
			return end >= x.length && s.slice(end - x.length, end) === x;
		},
		repeat: function (n) { return repeat(text(this, "repeat"), n); },
		padStart: function (n, fill) { var s = text(this, "padStart"); return padding(s, n, fill) + s; },
		padEnd: function (n, fill) { var s = text(this, "padEnd"); return s + padding(s, n, fill); },
		at: function (i) {
			var s = text(this, "at");
			i = whole(i);
			i = i < 0 ? i + s.length : i;
			return i < 0 || i >= s.length ? undefined : s.charAt(i);
		},
		codePointAt: function (i) {
			var s = text(this, "codePointAt"), c, d;
			i = whole(i);
			if (i < 0 || i >= s.length) {
				return undefined;
			}
			c = s.charCodeAt(i);
			d = s.charCodeAt(i + 1);
			return c >= 0xd800 && c < 0xdc00 && d >= 0xdc00 && d < 0xe000 ? (c - 0xd800) * 1024 + (d - 0xdc00) + 0x10000 : c;
		},
		replaceAll: function (x, by) {
			var s = text(this, "replaceAll"), out = "", from = 0, at;
			if (isPattern(x)) {
				if (!x.global) {
					throw new TypeError("replaceAll must be called with a global RegExp");
				}
				return s.replace(x, by);
			}
			x = String(x);
			for (at = s.indexOf(x); at >= 0; at = at + (x.length || 1) > s.length ? -1 : s.indexOf(x, at + (x.length || 1))) {
				out += s.slice(from, at) + (typeof by === "function" ? String(by(x, at, s)) : expand(String(by), x, at, s));
				from = at + x.length;
			}
			return out + s.slice(from);
		},
		matchAll: function (pattern) {
			var s = text(this, "matchAll");
			if (!isPattern(pattern)) {
				pattern = new RegExp(pattern, "g");
			}
			if (!pattern.global) {
				throw new TypeError("String.prototype.matchAll called with a non-global RegExp argument");
			}
			var own = new RegExp(pattern.source, "g" + (pattern.ignoreCase ? "i" : "") + (pattern.multiline ? "m" : ""));
			own.lastIndex = pattern.lastIndex;
			return iterator(function () {
				var found = own.exec(s);
				if (found && found[0] === "") {
					own.lastIndex++;
				}
				return found ? [found] : undefined;
			});
		},
		normalize: function () { return text(this, "normalize"); }
	});
	set(String.prototype, ITERATOR, function () {
		var list = chars(text(this, "iterator"));
		return each(list, function (i) { return list[i]; });
	});
	add(String, {
		fromCodePoint: function () {
			var out = "";
			for (var i = 0; i < arguments.length; i++) {
				var c = Number(arguments[i]);
				if (c !== Math.floor(c) || c < 0 || c > 0x10ffff) {
					throw new RangeError("Invalid code point " + arguments[i]);
				}
				out += c < 0x10000 ? String.fromCharCode(c) : String.fromCharCode(0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 1023));
			}
			return out;
		},
		raw: function (strings) {
			var out = "", raw = strings.raw;
			for (var i = 0; i < raw.length; i++) {
				out += raw[i] + (i + 1 < raw.length && i + 1 < arguments.length ? arguments[i + 1] : "");
			}
			return out;
		}
	});

	// ---- JSON: the engine escapes what pages of HTML could take amiss

	var stringify = JSON.stringify;
	set(JSON, "stringify", function (value, replacer, space) {
		var s = stringify(value, replacer, space);
		return typeof s !== "string" ? s : s.replace(/\\(\\|u003c|u003e|u0026|u2028|u2029)/g, function (all, code) {
			return code === "\\" ? all : String.fromCharCode(parseInt(code.slice(1), 16));
		});
	});

	add(common, { isObject: isObject, set: set, add: add, define: define, whole: whole, same: same, within: within, callable: callable,
		each: each, iterator: iterator });
	common.symbols = Symbol.prototype;
	common.IteratorPrototype = Iterator.prototype;
	set(global, "Symbol", Symbol);
	set(global, "globalThis", global);
	set(global, "Reflect", {
		ownKeys: Object.getOwnPropertyNames,
		has: function (o, k) { return k in o; },
		get: function (o, k) { return o[k]; },
		set: function (o, k, v) { o[k] = v; return true; },
		apply: function (f, self, args) { return f.apply(self, args); },
		construct: function (f, args) { return new (Function.prototype.bind.apply(f, [null].concat(args)))(); },
		getPrototypeOf: Object.getPrototypeOf,
		defineProperty: function (o, k, d) { defineProperty(o, k, d); return true; },
		deleteProperty: function (o, k) { return delete o[k]; }
	});
})
