// Arrays and collections of ES2015 and later; the other part of shim.js, whose
// common has what both need.
(function (global, common) {
	var A = Array.prototype, slice = common.slice, ITERATOR = "@@iterator", has = Object.prototype.hasOwnProperty;
	var set = common.set, define = common.define, whole = common.whole, within = common.within, callable = common.callable;
	var each = common.each, iterator = common.iterator, drain = common.drain;

	function length(o) {
		return Math.max(0, whole(o.length));
	}

	// ---- Array

	function values() {
		var a = Object(this);
		return each(a, function (i) { return a[i]; });
	}
	// search makes the four methods that look for an item.
	function search(backwards, give) {
		return function (f, self) {
			var a = Object(this), n = length(a);
			callable(f);
			for (var k = 0; k < n; k++) {
				var i = backwards ? n - 1 - k : k, item = a[i];
				if (f.call(self, item, i, a)) {
					return give ? i : item;
				}
			}
			return give ? -1 : undefined;
		};
	}
	function flatten(out, a, depth) {
		for (var i = 0, n = length(a); i < n; i++) {
			if (Array.isArray(a[i]) && depth > 0) {
				flatten(out, a[i], depth - 1);
			} else if (i in a) {
				out.push(a[i]);
			}
		}
		return out;
	}
	function mapped(a, f, self) {
		for (var out = [], i = 0, n = length(a); i < n; i++) {
			if (i in a) {
				out.push(f.call(self, a[i], i, a));
			}
		}
		return out;
	}
	function byText(a, b) {
		a = String(a);
		b = String(b);
		return a < b ? -1 : a > b ? 1 : 0;
	}
	// merge sorts; equal items keep their order, which those of the engine do not.
	function merge(a, f) {
		if (a.length < 2) {
			return a;
		}
		var middle = a.length >> 1, l = merge(a.slice(0, middle), f), r = merge(a.slice(middle), f), out = [], i = 0, j = 0;
		while (i < l.length && j < r.length) {
			out.push(f(r[j], l[i]) < 0 ? r[j++] : l[i++]);
		}
		while (i < l.length) {
			out.push(l[i++]);
		}
		while (j < r.length) {
			out.push(r[j++]);
		}
		return out;
	}
	function sort(f) {
		var a = this, n = length(a), items = [], missing = 0, i;
		if (f !== undefined) {
			callable(f);
		}
		for (i = 0; i < n; i++) {
			if (i in a && a[i] !== undefined) {
				items.push(a[i]);
			} else if (i in a) {
				missing++;
			}
		}
		items = merge(items, f || byText);
		for (i = 0; i < items.length; i++) {
			a[i] = items[i];
		}
		for (; missing > 0; missing--) {
			a[i++] = undefined;
		}
		for (; i < n; i++) {
			delete a[i];
		}
		return a;
	}
	define(A, {
		values: values,
		keys: function () { return each(Object(this), function (i) { return i; }); },
		entries: function () { var a = Object(this); return each(a, function (i) { return [i, a[i]]; }); },
		find: search(false, false), findIndex: search(false, true), findLast: search(true, false), findLastIndex: search(true, true),
		includes: function (x, from) {
			for (var i = within(from, length(this), 0), n = length(this); i < n; i++) {
				if (common.same(this[i], x)) {
					return true;
				}
			}
			return false;
		},
		fill: function (value, from, to) {
			var n = length(this);
			for (from = within(from, n, 0), to = within(to, n, n); from < to; from++) {
				this[from] = value;
			}
			return this;
		},
		copyWithin: function (target, from, to) {
			var n = length(this), part = slice.call(this, within(from, n, 0), within(to, n, n));
			target = within(target, n, 0);
			for (var i = 0; i < part.length && target + i < n; i++) {
				this[target + i] = part[i];
			}
			return this;
		},
		at: function (i) { i = whole(i); return this[i < 0 ? i + length(this) : i]; },
		flat: function (depth) { return common.asSpecies(this, flatten([], this, depth === undefined ? 1 : whole(depth))); },
		flatMap: function (f, self) { return common.asSpecies(this, flatten([], mapped(this, callable(f), self), 1)); },
		sort: sort,
		toSorted: function (f) { return sort.call(slice.call(this), f); },
		toReversed: function () { return slice.call(this).reverse(); },
		toSpliced: function () { var a = slice.call(this); a.splice.apply(a, arguments); return a; },
		"with": function (i, value) {
			var a = slice.call(this);
			i = whole(i);
			i = i < 0 ? i + a.length : i;
			if (i < 0 || i >= a.length) {
				throw new RangeError("Invalid index : " + i);
			}
			a[i] = value;
			return a;
		}
	});
	set(A, "reduceRight", function (f, start) {
		var a = Object(this), i = length(a) - 1, value = start;
		callable(f);
		if (arguments.length < 2) {
			while (i >= 0 && !(i in a)) {
				i--;
			}
			if (i < 0) {
				throw new TypeError("Reduce of empty array with no initial value");
			}
			value = a[i--];
		}
		for (; i >= 0; i--) {
			if (i in a) {
				value = f(value, a[i], i, a);
			}
		}
		return value;
	});
	set(A, ITERATOR, values);
	common.arrayValues = values;
	common.stringValues = String.prototype[ITERATOR];
	function from(x, f, self) {
		if (x === undefined || x === null) {
			throw new TypeError(x + " is not iterable");
		}
		var list = typeof x === "string" || typeof x[ITERATOR] === "function" ? drain(x) : x, out = [];
		for (var i = 0, n = length(list); i < n; i++) {
			out.push(f ? f.call(self, list[i], i) : list[i]);
		}
		return make(this, out);
	}
	// make makes an array of a class that extends Array.
	function make(C, list) {
		if (typeof C !== "function" || C === Array || !common.isConstructor(C)) {
			return list;
		}
		var out = new C();
		for (var i = 0; i < list.length; i++) {
			Object.defineProperty(out, i, { value: list[i], writable: true, enumerable: true, configurable: true });
		}
		out.length = list.length;
		return out;
	}
	define(Array, { from: from, of: function () { return make(this, slice.call(arguments)); } });
	Object.defineProperty(Array, "@@species", { get: function () { return this; }, configurable: true });

	// ---- Map, Set, WeakMap, WeakSet. What is in them is kept in a list, in
	// order, and found by a text: objects get a number for that.

	var serial = 0, DATA = "@@data";
	function idOf(k) {
		switch (typeof k) {
		case "string":
			return "s" + k;
		case "object":
		case "function":
			if (k === null) {
				return "null";
			}
			if (!has.call(k, "@@id")) {
				if (!Object.isExtensible(k)) {
					return ""; // it is searched for
				}
				Object.defineProperty(k, "@@id", { value: "o" + ++serial });
			}
			return k["@@id"];
		}
		return k === 0 ? "0" : String(k);
	}
	function find(data, k) {
		var id = idOf(k);
		if (id) {
			return data.byID[id];
		}
		for (var i = 0; i < data.list.length; i++) {
			if (data.list[i] && data.list[i].key === k) {
				return data.list[i];
			}
		}
	}
	function put(data, k, v) {
		var entry = find(data, k);
		if (entry) {
			entry.value = v;
			return;
		}
		entry = { key: k === 0 ? 0 : k, value: v, at: data.list.length };
		data.list.push(entry);
		data.byID[idOf(k)] = entry;
		data.size++;
	}
	function remove(data, k) {
		var entry = find(data, k);
		if (!entry) {
			return false;
		}
		data.list[entry.at] = undefined;
		delete data.byID[idOf(k)];
		data.size--;
		return true;
	}
	function going(data, give) {
		var i = 0;
		return iterator(function () {
			while (i < data.list.length) {
				var entry = data.list[i++];
				if (entry) {
					return [give(entry)];
				}
			}
		});
	}
	function key(e) { return e.key; }
	function value(e) { return e.value; }
	function both(e) { return [e.key, e.value]; }

	// entries lists what is in a collection, for the host.
	function entries() {
		return this.list.filter(Boolean).map(this.pairs ? both : value);
	}
	function none() {
		return {};
	}

	// goneThrough gives a class what those have whose entries can be gone through.
	function goneThrough(C, dataOf, pairs) {
		define(C.prototype, {
			clear: function () {
				var data = dataOf(this);
				for (var i = 0; i < data.list.length; i++) {
					data.list[i] = undefined;
				}
				data.byID = Object.create(null);
				data.size = 0;
			},
			forEach: function (f, self) {
				for (var data = dataOf(this), i = 0; i < data.list.length; i++) {
					if (data.list[i]) {
						f.call(self, data.list[i].value, data.list[i].key, this);
					}
				}
			},
			keys: function () { return going(dataOf(this), key); },
			values: function () { return going(dataOf(this), value); },
			entries: function () { return going(dataOf(this), both); }
		});
		set(C.prototype, ITERATOR, pairs ? C.prototype.entries : C.prototype.values);
		Object.defineProperty(C.prototype, "size", { get: function () { return dataOf(this).size; }, configurable: true });
	}
	// collection makes one of the four; every is false for the weak ones, which
	// cannot be gone through.
	function collection(name, pairs, every) {
		function dataOf(c) {
			if (!c || !has.call(c, DATA)) {
				throw new TypeError("Method called on incompatible receiver, which is no " + name);
			}
			return c[DATA];
		}
		function allowed(k) {
			if (!every && !common.isObject(k)) {
				throw new TypeError("Invalid value used in a " + name + ": " + String(k));
			}
			return k;
		}
		function C(items) {
			var self = this;
			if (!(self instanceof C)) {
				throw new TypeError("Constructor " + name + " requires 'new'");
			}
			Object.defineProperty(self, DATA, { value: { byID: Object.create(null), list: [], size: 0, pairs: pairs, entries: every ? entries : none } });
			if (items === undefined || items === null) {
				return;
			}
			drain(items).forEach(function (x) {
				if (pairs && !common.isObject(x)) {
					throw new TypeError("Iterator value " + String(x) + " is not an entry object");
				}
				pairs ? self.set(x[0], x[1]) : self.add(x);
			});
		}
		define(C.prototype, {
			has: function (k) { return find(dataOf(this), k) !== undefined; },
			"delete": function (k) { return remove(dataOf(this), k); }
		});
		define(C.prototype, pairs ? {
			get: function (k) { var e = find(dataOf(this), k); return e ? e.value : undefined; },
			set: function (k, v) { put(dataOf(this), allowed(k), v); return this; }
		} : {
			add: function (k) { put(dataOf(this), allowed(k), k); return this; }
		});
		if (every) {
			goneThrough(C, dataOf, pairs);
		}
		common.silent.push(C.prototype);
		set(global, name, C);
		return C;
	}
	var M = collection("Map", true, true);
	collection("Set", false, true);
	collection("WeakMap", true, false);
	collection("WeakSet", false, false);
	define(M, {
		groupBy: function (items, f) {
			var out = new M();
			drain(items).forEach(function (x, i) {
				var k = f(x, i);
				out.has(k) ? out.get(k).push(x) : out.set(k, [x]);
			});
			return out;
		}
	});
})
