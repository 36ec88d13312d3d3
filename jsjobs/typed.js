// ArrayBuffer, DataView and typed arrays (ECMA-262 23.2, 25.1, 25.3); single
// items are the host's, see typed.go.
(function (global, common) {
	var A = Array.prototype, define = common.define, defineProperty = Object.defineProperty, isObject = common.isObject;
	var whole = common.whole, within = common.within, callable = common.callable, has = Object.prototype.hasOwnProperty;
	var DATA = "@@typed", VIEW = "@@view";
	common.internal[DATA] = common.internal[VIEW] = true;

	function getter(o, name, get) {
		defineProperty(o, name, { get: get, configurable: true });
	}
	function index(v, what) {
		var n = whole(v);
		if (n < 0 || n > 9007199254740991) {
			throw new RangeError("Invalid " + what + ": " + String(v));
		}
		return n;
	}
	function made(self, C, name) {
		if (!isObject(self) || !(self instanceof C) && !common.isMade(self)) {
			throw new TypeError("Constructor " + name + " requires 'new'");
		}
		return self;
	}
	// species is the constructor that a method makes results with.
	function species(o, other) {
		var C = o.constructor;
		if (C === undefined) {
			return other;
		}
		if (!isObject(C)) {
			throw new TypeError("object.constructor is not an object");
		}
		C = C["@@species"];
		return C === undefined || C === null ? other : C;
	}
	function withSpecies(C) {
		defineProperty(C, "@@species", { get: function () { return this; }, configurable: true });
	}

	// ---- ArrayBuffer

	function ArrayBuffer(length) {
		return common.newBuffer(made(this, ArrayBuffer, "ArrayBuffer"), index(length, "array buffer length"));
	}
	function bytes(b) {
		var n = common.bufferBytes(b);
		if (n === undefined) {
			throw new TypeError("a method of ArrayBuffer was called on something else");
		}
		return n;
	}
	getter(ArrayBuffer.prototype, "byteLength", function () { return bytes(this); });
	define(ArrayBuffer.prototype, {
		slice: function (from, to) {
			var n = bytes(this);
			from = within(from, n, 0);
			to = Math.max(from, within(to, n, n));
			var C = species(this, ArrayBuffer), out = new C(to - from);
			if (bytes(out) < to - from || out === this) {
				throw new TypeError("the species of this buffer made one that cannot be used");
			}
			common.moveBytes(out, 0, this, from, to - from);
			return out;
		}
	});
	define(ArrayBuffer, { isView: function (v) { return isObject(v) && (has.call(v, DATA) || has.call(v, VIEW)); } });
	defineProperty(ArrayBuffer.prototype, "@@toStringTag", { value: "ArrayBuffer", configurable: true });
	withSpecies(ArrayBuffer);
	common.set(global, "ArrayBuffer", ArrayBuffer);

	// ---- DataView

	function DataView(buffer, offset, length) {
		made(this, DataView, "DataView");
		var all = bytes(buffer);
		offset = index(offset, "offset");
		if (offset > all) {
			throw new RangeError("Start offset " + offset + " is outside the bounds of the buffer");
		}
		length = length === undefined ? all - offset : index(length, "DataView length");
		if (offset + length > all) {
			throw new RangeError("Invalid DataView length " + length);
		}
		defineProperty(this, VIEW, { value: { buffer: buffer, offset: offset, length: length } });
	}
	function view(v) {
		if (!isObject(v) || !has.call(v, VIEW)) {
			throw new TypeError("a method of DataView was called on something else");
		}
		return v[VIEW];
	}
	getter(DataView.prototype, "buffer", function () { return view(this).buffer; });
	getter(DataView.prototype, "byteLength", function () { return view(this).length; });
	getter(DataView.prototype, "byteOffset", function () { return view(this).offset; });
	defineProperty(DataView.prototype, "@@toStringTag", { value: "DataView", configurable: true });
	function place(v, at, size) {
		if (at + size > v.length) {
			throw new RangeError("Offset is outside the bounds of the DataView");
		}
		return v.offset + at;
	}
	function accessors(kind, size) {
		var members = {};
		members["get" + kind] = function (at, little) {
			var v = view(this);
			at = index(at, "offset");
			return common.viewGet(v.buffer, kind, place(v, at, size), !!little);
		};
		members["set" + kind] = function (at, n, little) {
			var v = view(this);
			at = index(at, "offset");
			n = +n;
			common.viewSet(v.buffer, kind, place(v, at, size), !!little, n);
		};
		define(DataView.prototype, members);
	}
	common.set(global, "DataView", DataView);

	// ---- %TypedArray%

	function TypedArray() {
		throw new TypeError("Abstract class TypedArray not directly constructable");
	}
	function data(a) {
		if (!isObject(a) || !has.call(a, DATA)) {
			throw new TypeError("this is not a typed array");
		}
		return a[DATA];
	}
	function create(C, first) {
		var a = first.length === 3 ? new C(first[0], first[1], first[2]) : new C(first[0]);
		if (typeof first[0] === "number" && data(a).length < first[0]) {
			throw new TypeError("the species of this typed array made one that is too short");
		}
		data(a);
		return a;
	}
	var P = TypedArray.prototype;
	getter(P, "buffer", function () { return data(this).buffer; });
	getter(P, "byteLength", function () { var d = data(this); return d.length * d.size; });
	getter(P, "byteOffset", function () { return data(this).offset; });
	getter(P, "length", function () { return data(this).length; });
	getter(P, "@@toStringTag", function () { return isObject(this) && has.call(this, DATA) ? this[DATA].name : undefined; });
	// What arrays do without making another, typed arrays do likewise.
	["at", "copyWithin", "every", "fill", "find", "findIndex", "findLast", "findLastIndex", "forEach", "includes", "indexOf", "join",
		"keys", "entries", "values", "lastIndexOf", "reduce", "reduceRight", "reverse", "some", "toLocaleString"].forEach(function (name) {
		var method = A[name], members = {};
		members[name] = function () {
			data(this);
			return method.apply(this, arguments);
		};
		define(P, members);
	});
	define(P, {
		fill: function (v, from, to) {
			var d = data(this), n = d.length;
			v = +v;
			for (from = within(from, n, 0), to = within(to, n, n); from < to; from++) {
				this[from] = v;
			}
			return this;
		},
		filter: function (f, self) {
			var d = data(this), kept = [];
			callable(f);
			for (var i = 0; i < d.length; i++) {
				var v = this[i];
				if (f.call(self, v, i, this)) {
					kept.push(v);
				}
			}
			var out = create(species(this, d.C), [kept.length]);
			kept.forEach(function (v, i) { out[i] = v; });
			return out;
		},
		map: function (f, self) {
			var d = data(this);
			callable(f);
			var out = create(species(this, d.C), [d.length]);
			for (var i = 0; i < d.length; i++) {
				out[i] = f.call(self, this[i], i, this);
			}
			return out;
		},
		set: function (from, at) {
			var d = data(this), list, n;
			at = index(at, "offset");
			if (from === undefined || from === null) {
				throw new TypeError("Cannot convert undefined or null to object");
			}
			list = has.call(Object(from), DATA) ? A.slice.call(from) : Object(from);
			n = Math.max(0, whole(list.length));
			if (n + at > d.length) {
				throw new RangeError("offset is out of bounds");
			}
			for (var i = 0; i < n; i++) {
				this[at + i] = list[i];
			}
		},
		slice: function (from, to) {
			var d = data(this);
			from = within(from, d.length, 0);
			to = Math.max(from, within(to, d.length, d.length));
			var out = create(species(this, d.C), [to - from]);
			for (var i = from; i < to; i++) {
				out[i - from] = this[i];
			}
			return out;
		},
		subarray: function (from, to) {
			var d = data(this);
			from = within(from, d.length, 0);
			to = Math.max(from, within(to, d.length, d.length));
			return create(species(this, d.C), [d.buffer, d.offset + from * d.size, to - from]);
		},
		sort: function (f) {
			if (f !== undefined) {
				callable(f);
			}
			var list = A.slice.call(this, 0, data(this).length), self = this;
			list.sort(function (a, b) {
				if (f) {
					return +f(a, b) || 0;
				}
				return a !== a ? b !== b ? 0 : 1 : b !== b ? -1 : a < b ? -1 : a > b ? 1 : a === 0 && b === 0 ? (1 / a < 0 ? 0 : 1) - (1 / b < 0 ? 0 : 1) : 0;
			}).forEach(function (v, i) { self[i] = v; });
			return this;
		}
	});
	defineProperty(P, "toString", { value: A.toString, writable: true, configurable: true });
	defineProperty(P, "@@iterator", { value: P.values, writable: true, configurable: true });
	common.silent.push(P);
	define(TypedArray, {
		from: function (items, f, self) {
			if (!common.isConstructor(this)) {
				throw new TypeError(common.say(this) + " is not a constructor");
			}
			if (f !== undefined) {
				callable(f);
			}
			var list = Array.from(items), out = create(this, [list.length]);
			for (var i = 0; i < list.length; i++) {
				out[i] = f ? f.call(self, list[i], i) : list[i];
			}
			return out;
		},
		of: function () {
			if (!common.isConstructor(this)) {
				throw new TypeError(common.say(this) + " is not a constructor");
			}
			var out = create(this, [arguments.length]);
			for (var i = 0; i < arguments.length; i++) {
				out[i] = arguments[i];
			}
			return out;
		}
	});
	withSpecies(TypedArray);

	// ---- the nine kinds

	function kind(item, size) {
		var name = item + "Array";
		function C(x, offset, length) {
			made(this, C, name);
			var list, all;
			if (!isObject(x)) {
				length = index(x, "typed array length");
				return start(this, new ArrayBuffer(length * size), 0, length);
			}
			all = common.bufferBytes(x);
			if (all === undefined) {
				list = has.call(x, DATA) ? x : x["@@iterator"] !== undefined && x["@@iterator"] !== null ? common.drain(x) : x;
				length = Math.max(0, whole(list.length));
				start(this, new ArrayBuffer(length * size), 0, length);
				for (var i = 0; i < length; i++) {
					this[i] = list[i];
				}
				return this;
			}
			offset = index(offset, "offset");
			if (offset % size) {
				throw new RangeError("start offset of " + name + " should be a multiple of " + size);
			}
			if (length === undefined) {
				if (all % size) {
					throw new RangeError("byte length of " + name + " should be a multiple of " + size);
				}
				length = (all - offset) / size;
			} else {
				length = index(length, "typed array length");
			}
			if (length < 0 || offset + length * size > all) {
				throw new RangeError("Invalid typed array length: " + length);
			}
			return start(this, x, offset, length);
		}
		function start(self, buffer, offset, length) {
			defineProperty(self, DATA, { value: { buffer: buffer, offset: offset, length: length, size: size, name: name, C: C } });
			return common.newTyped(self, item, buffer, offset, length);
		}
		common.setPrototypeOf(C, TypedArray);
		common.setPrototypeOf(C.prototype, P);
		defineProperty(C, "BYTES_PER_ELEMENT", { value: size });
		defineProperty(C.prototype, "BYTES_PER_ELEMENT", { value: size });
		common.named(C, name, 3);
		common.silent.push(C.prototype);
		common.set(global, name, C);
		if (item !== "Uint8Clamped") {
			accessors(item, size);
		}
	}
	[["Int8", 1], ["Uint8", 1], ["Uint8Clamped", 1], ["Int16", 2], ["Uint16", 2], ["Int32", 4], ["Uint32", 4], ["Float32", 4],
		["Float64", 8]].forEach(function (k) { kind(k[0], k[1]); });
})
