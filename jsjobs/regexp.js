// RegExp, as a function of the engine with the methods of the host. It is a
// function of the global object and of what it has in common with shim.js,
// where the host's functions for it are.
(function (global, common) {
	var set = common.set, has = Object.prototype.hasOwnProperty, create = Object.create, defineProperty = Object.defineProperty;
	var native = common.regexp, iterator = common.iterator, KEY = "@@re";

	// init makes a regular expression of an object.
	function init(self, id) {
		defineProperty(self, KEY, { value: id, writable: true });
		defineProperty(self, "lastIndex", { value: 0, writable: true, enumerable: false, configurable: false });
		return self;
	}
	function RegExp(pattern, flags) {
		var is = native.isPattern(pattern), own = this instanceof RegExp && !has.call(this, KEY), source;
		if (!own && is && flags === undefined && pattern.constructor === RegExp) {
			return pattern;
		}
		if (is) {
			source = pattern.source;
			flags = flags === undefined ? pattern.flags : flags;
		} else {
			source = pattern === undefined ? "" : String(pattern);
		}
		return init(own ? this : create(RegExp.prototype), native.compile(source, flags === undefined ? "" : String(flags)));
	}
	var P = RegExp.prototype;
	set(P, "constructor", RegExp);
	["exec", "test", "@@match", "@@search", "@@split", "@@replace"].forEach(function (name) {
		set(P, name, native[name]);
	});
	set(P, "toString", function () { return "/" + this.source + "/" + this.flags; });
	set(P, "compile", function (pattern, flags) {
		var other = new RegExp(pattern, flags);
		this[KEY] = other[KEY];
		this.lastIndex = 0;
		return this;
	});
	set(P, "@@matchAll", function (s) {
		var own = new RegExp(this, this.flags), all = own.global, over = false;
		s = String(s);
		own.lastIndex = this.lastIndex;
		return iterator(function () {
			var found = over ? null : own.exec(s);
			if (!found) {
				return undefined;
			}
			over = !all;
			if (all && String(found[0]) === "") {
				own.lastIndex = native.after(s, own.lastIndex, own.unicode);
			}
			return [found];
		});
	});
	function getter(name, get) {
		defineProperty(P, name, { get: get, set: undefined, enumerable: false, configurable: true });
	}
	getter("source", native.source);
	getter("flags", native.flags);
	native.names.forEach(function (flag) {
		getter(flag[0], function () { return native.has(this, flag[1]); });
	});
	set(global, "RegExp", RegExp);
	return P;
})
