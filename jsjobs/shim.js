// The built-ins of ES2015 and later that the engine lacks, or has otherwise
// than the standard says. It is a function of the global object and of what
// lowered programs and it have in common: keys, chars and drain. What it needs
// of the engine it takes now, because a script may call its own things Map.
(function (global, common) {
	var Number = global.Number;
	var defineProperty = Object.defineProperty, getNames = Object.getOwnPropertyNames, has = Object.prototype.hasOwnProperty;
	var toString = Object.prototype.toString, push = Array.prototype.push, slice = Array.prototype.slice;
	var keys = common.keys, chars = common.chars, drain = common.drain, ITERATOR = "@@iterator";

	// Properties as built-ins have them, which no loop lists: one, and all of an object.
	var set = common.set, define = common.define;
	// primitive is what an object is as a text or a number (ECMA-262, 7.1.1).
	function primitive(v, hint) {
		var own = v["@@toPrimitive"], order = hint === "string" ? ["toString", "valueOf"] : ["valueOf", "toString"], p;
		if (own !== undefined && own !== null) {
			p = callable(own).call(v, hint);
			if (!isObject(p)) {
				return p;
			}
		} else {
			for (var i = 0; i < 2; i++) {
				if (typeof v[order[i]] === "function") {
					p = v[order[i]]();
					if (!isObject(p)) {
						return p;
					}
				}
			}
		}
		throw new TypeError("Cannot convert object to primitive value");
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

	var symbols = 0, registry = {}, byKey = Object.create(null);
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
		byKey[key] = s;
		return Object.freeze(s);
	}
	set(Symbol.prototype, "@@symbol", true);
	["iterator", "hasInstance", "toPrimitive", "toStringTag", "species", "isConcatSpreadable", "match", "matchAll", "replace",
		"search", "split", "unscopables", "asyncIterator"].forEach(function (name) {
		defineProperty(Symbol, name, { value: symbol("@@" + name, "Symbol." + name) });
	});
	define(Symbol, {
		"for": function (key) {
			key = String(key);
			return has.call(registry, key) ? registry[key] : registry[key] = symbol("@@for:" + key, key);
		},
		keyFor: function (s) {
			if (!isSymbol(s)) {
				throw new TypeError(say(s) + " is not a symbol");
			}
			var key = s.toString();
			return key.slice(0, 6) === "@@for:" ? key.slice(6) : undefined;
		}
	});
	defineProperty(Symbol.prototype, "@@toStringTag", { value: "Symbol", configurable: true });
	function isSymbol(v) {
		return typeof v === "object" && v !== null && Object.getPrototypeOf(v) === Symbol.prototype;
	}
	// keyOf is the key that scripts know of a property's name.
	function keyOf(name) {
		return name.slice(0, 2) === "@@" && byKey[name] || name;
	}
	// say is a value in the words of an error.
	function say(v) {
		try {
			return isSymbol(v) ? "Symbol(" + (v.description === undefined ? "" : v.description) + ")" : String(v);
		} catch (e) {
			return "this object";
		}
	}

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
	define(Object, {
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
		groupBy: function (items, f) {
			var out = {};
			drain(items).forEach(function (x, i) {
				var k = f(x, i);
				(has.call(out, k) ? out[k] : out[k] = []).push(x);
			});
			return out;
		}
	});

	// What has no properties of its own is as it is.
	[["freeze"], ["seal"], ["preventExtensions"], ["isFrozen", true], ["isSealed", true], ["isExtensible", false]].forEach(function (f) {
		var own = Object[f[0]];
		set(Object, f[0], function (o) { return isObject(o) ? own(o) : f.length > 1 ? f[1] : o; });
	});

	// ---- Number and Math

	function finite(n) {
		return typeof n === "number" && isFinite(n);
	}
	function integer(n) {
		return finite(n) && Math.floor(n) === n;
	}
	// Number reads texts as the standard does, and not as Go does.
	var OwnNumber = Number;
	function number(v) {
		return common.numberOf(isObject(v) ? primitive(v, "number") : v);
	}
	Number = function Number(v) {
		var n = arguments.length === 0 ? 0 : number(v);
		return this instanceof Number && toString.call(this) !== "[object Number]" ? new OwnNumber(n) : n;
	};
	Number.prototype = OwnNumber.prototype;
	set(Number.prototype, "constructor", Number);
	getNames(OwnNumber).forEach(function (name) {
		if (!has.call(Number, name)) {
			defineProperty(Number, name, Object.getOwnPropertyDescriptor(OwnNumber, name));
		}
	});
	set(global, "Number", Number);
	set(global, "isNaN", function (v) { v = number(v); return v !== v; });
	set(global, "isFinite", function (v) { v = number(v); return v - v === 0; });
	define(Number, {
		isInteger: integer,
		isFinite: finite,
		isNaN: function (n) { return typeof n === "number" && n !== n; },
		isSafeInteger: function (n) { return integer(n) && Math.abs(n) <= 9007199254740991; },
		parseInt: common.parseInt, parseFloat: common.parseFloat
	});
	["MAX_SAFE_INTEGER", 9007199254740991, "MIN_SAFE_INTEGER", -9007199254740991, "EPSILON", Math.pow(2, -52)].forEach(function (name, i, all) {
		if (i % 2 === 0) {
			defineProperty(Number, name, { value: all[i + 1] });
		}
	});
	define(Math, common.math);
	common.fround = common.math.fround;
	define(Number.prototype, common.number);
	set(global, "parseInt", common.parseInt);
	set(global, "parseFloat", common.parseFloat);
	define(Math, {
		sign: function (n) { n = Number(n); return n > 0 ? 1 : n < 0 ? -1 : n; },
		hypot: function () {
			var sum = 0;
			for (var i = 0; i < arguments.length; i++) {
				sum += arguments[i] * arguments[i];
			}
			return Math.sqrt(sum);
		},
		imul: function (a, b) { return ((a & 0xffff) * b + (((a >>> 16) * b & 0xffff) << 16)) | 0; }
	});

	// ---- String

	define(String.prototype, common.string);
	set(String.prototype, "trimLeft", String.prototype.trimStart);
	set(String.prototype, "trimRight", String.prototype.trimEnd);
	set(String.prototype, ITERATOR, function () {
		var list = chars(text(this, "iterator"));
		return each(list, function (i) { return list[i]; });
	});
	define(String, {
		fromCharCode: common.fromCharCode,
		fromCodePoint: common.fromCodePoint,
		raw: function (strings) {
			var out = "", raw = strings.raw;
			for (var i = 0; i < raw.length; i++) {
				out += raw[i] + (i + 1 < raw.length && i + 1 < arguments.length ? arguments[i + 1] : "");
			}
			return out;
		}
	});

	// ---- JSON

	// revive hands every value to f, the innermost first.
	function revive(holder, name, f) {
		var v = holder[name], names, i, made;
		if (isObject(v)) {
			names = Array.isArray(v) ? v.map(function (x, i) { return String(i); }) : keys(v);
			for (i = 0; i < names.length; i++) {
				made = revive(v, names[i], f);
				if (made === undefined) {
					delete v[names[i]];
				} else {
					v[names[i]] = made;
				}
			}
		}
		return f.call(holder, name, v);
	}
	set(JSON, "parse", function (text, reviver) {
		var v = common.parseJSON(text);
		return typeof reviver === "function" ? revive({ "": v }, "", reviver) : v;
	});
	set(JSON, "stringify", common.stringify);
	define(global, common.uri);

	define(common, { isObject: isObject, primitive: primitive, set: set, define: define, whole: whole, same: same, within: within,
		callable: callable, each: each, iterator: iterator });
	common.symbols = Symbol.prototype;
	define(common, { isSymbol: isSymbol, keyOf: keyOf, say: say, ownNames: getNames });
	common.internal = { "@@state": true, "@@id": true, "@@data": true, "@@symbol": true, "@@re": true };
	common.IteratorPrototype = Iterator.prototype;
	defineProperty(global, "%regexp", { value: common.literal });
	set(global, "Symbol", Symbol);
	set(global, "globalThis", global);
})
