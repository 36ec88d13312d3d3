// Reflect, Proxy, and what Object says of prototypes and symbols (ECMA-262 28,
// 20.1.2). Keys of symbols are texts that begin with @@, see Symbol in shim.js.
(function (global, common) {
	var isObject = common.isObject, define = common.define, keyOf = common.keyOf, proxyParts = common.proxyParts;
	var getNames = common.ownNames, getDescriptor = Object.getOwnPropertyDescriptor, getPrototype = Object.getPrototypeOf;
	var defineProperty = Object.defineProperty, isExtensible = Object.isExtensible, preventExtensions = Object.preventExtensions;
	var has = Object.prototype.hasOwnProperty, apply = Function.prototype.apply;

	function object(o, method) {
		if (!isObject(o)) {
			throw new TypeError(method + " called on non-object");
		}
		return o;
	}
	function isSymbolKey(k) {
		return k.slice(0, 2) === "@@";
	}
	// shown are the keys that scripts may know of: not what the runtime keeps.
	function shown(k) {
		return !has.call(common.internal, k) && !(k.charAt(0) === "#" && k.indexOf("%") > 0);
	}
	function isIndex(k) {
		return String(k >>> 0) === k && k !== "4294967295";
	}
	// names are in the standard's order: indices by size, then as they came.
	function names(o) {
		var list = getNames(o).filter(shown);
		if (!list.some(isIndex)) {
			return list;
		}
		return list.filter(isIndex).sort(function (a, b) { return a - b; }).concat(list.filter(function (k) { return !isIndex(k); }));
	}
	// byKind orders keys: numbers, texts, symbols.
	function allKeys(o) {
		var list = names(o);
		return list.filter(function (k) { return !isSymbolKey(k); }).concat(list.filter(isSymbolKey).map(keyOf));
	}
	// ask calls a trap of a proxy; without one the answer is otherwise.
	function ask(o, name, otherwise) {
		var p = proxyParts(o), trap;
		if (!p) {
			return otherwise(o);
		}
		if (p.handler === null) {
			throw new TypeError("Cannot perform '" + name + "' on a proxy that has been revoked");
		}
		trap = p.handler[name];
		if (trap === undefined || trap === null) {
			return ask(p.target, name, otherwise);
		}
		return { by: trap.apply(p.handler, [p.target].concat(Array.prototype.slice.call(arguments, 3))), target: p.target };
	}
	function prototypeOf(o) {
		var r = ask(o, "getPrototypeOf", getPrototype);
		if (!isObject(r) || !has.call(r, "by") || !proxyParts(o)) {
			return r;
		}
		if (!isObject(r.by) && r.by !== null) {
			throw new TypeError("'getPrototypeOf' on proxy: trap returned neither object nor null");
		}
		if (!extensible(r.target) && prototypeOf(r.target) !== r.by) {
			throw new TypeError("'getPrototypeOf' on proxy: proxy target is non-extensible but the trap did not return its prototype");
		}
		return r.by;
	}
	function extensible(o) {
		var r = ask(o, "isExtensible", isExtensible);
		if (typeof r === "boolean") {
			return r;
		}
		if (!!r.by !== extensible(r.target)) {
			throw new TypeError("'isExtensible' on proxy: trap result does not reflect extensibility of the target");
		}
		return !!r.by;
	}
	// prevent and inherit report whether they could.
	function prevent(o) {
		var r = ask(o, "preventExtensions", function (t) { preventExtensions(t); return true; });
		if (r === true) {
			return true;
		}
		if (r.by && extensible(r.target)) {
			throw new TypeError("'preventExtensions' on proxy: the proxy target is extensible");
		}
		return !!r.by;
	}
	function inherit(o, prototype) {
		var r = ask(o, "setPrototypeOf", function (t) {
			try {
				common.setPrototypeOf(t, prototype);
				return true;
			} catch (e) {
				return false;
			}
		}, prototype);
		if (typeof r === "boolean") {
			return r;
		}
		if (r.by && !extensible(r.target) && prototypeOf(r.target) !== prototype) {
			throw new TypeError("'setPrototypeOf' on proxy: trap returned truish for setting a new prototype on the non-extensible proxy target");
		}
		return !!r.by;
	}
	function asPrototype(v) {
		if (!isObject(v) && v !== null) {
			throw new TypeError("Object prototype may only be an Object or null: " + String(v));
		}
		return v;
	}
	function listOf(v) {
		if (!isObject(v)) {
			throw new TypeError("CreateListFromArrayLike called on non-object");
		}
		return common.slice.call(v);
	}
	function constructor(f) {
		if (!common.isConstructor(f)) {
			throw new TypeError(common.say(f) + " is not a constructor");
		}
		return f;
	}
	var Reflect = {};
	define(Reflect, {
		apply: function (f, self, args) {
			if (typeof f !== "function") {
				throw new TypeError(common.say(f) + " is not a function");
			}
			return apply.call(f, self, listOf(args));
		},
		construct: function (f, args) {
			var target = arguments.length > 2 ? arguments[2] : f;
			constructor(f);
			constructor(target);
			return common.construct(f, listOf(args), target);
		},
		defineProperty: function (o, k, d) {
			object(o, "Reflect.defineProperty");
			return common.tryDefine(o, String(k), object(d, "Property description"));
		},
		deleteProperty: function (o, k) { return common.tryDelete(object(o, "Reflect.deleteProperty"), String(k)); },
		get: function (o, k) {
			object(o, "Reflect.get");
			return arguments.length > 2 ? common.getFor(o, String(k), arguments[2]) : o[k];
		},
		getOwnPropertyDescriptor: function (o, k) { return getDescriptor(object(o, "Reflect.getOwnPropertyDescriptor"), k); },
		getPrototypeOf: function (o) { return prototypeOf(object(o, "Reflect.getPrototypeOf")); },
		has: function (o, k) { return String(k) in object(o, "Reflect.has"); },
		isExtensible: function (o) { return extensible(object(o, "Reflect.isExtensible")); },
		ownKeys: function (o) { return allKeys(object(o, "Reflect.ownKeys")); },
		preventExtensions: function (o) { return prevent(object(o, "Reflect.preventExtensions")); },
		set: function (o, k, v) {
			object(o, "Reflect.set");
			return common.setFor(o, String(k), v, arguments.length > 3 ? arguments[3] : o);
		},
		setPrototypeOf: function (o, prototype) { return inherit(object(o, "Reflect.setPrototypeOf"), asPrototype(prototype)); }
	});
	defineProperty(Reflect, "@@toStringTag", { value: "Reflect", configurable: true });
	common.set(global, "Reflect", Reflect);

	define(Object, {
		getPrototypeOf: function (o) {
			if (o === undefined || o === null) {
				throw new TypeError("Cannot convert undefined or null to object");
			}
			return prototypeOf(Object(o));
		},
		setPrototypeOf: function (o, prototype) {
			if (o === undefined || o === null) {
				throw new TypeError("Object.setPrototypeOf called on null or undefined");
			}
			asPrototype(prototype);
			if (isObject(o) && !inherit(o, prototype)) {
				throw new TypeError("the prototype of this object cannot be changed");
			}
			return o;
		},
		isExtensible: function (o) { return isObject(o) && extensible(o); },
		preventExtensions: function (o) {
			if (isObject(o) && !prevent(o)) {
				throw new TypeError("'preventExtensions' on proxy: trap returned falsish");
			}
			return o;
		},
		getOwnPropertyNames: function (o) {
			if (o === undefined || o === null) {
				throw new TypeError("Cannot convert undefined or null to object");
			}
			return names(Object(o)).filter(function (k) { return !isSymbolKey(k); });
		},
		getOwnPropertySymbols: function (o) { return names(Object(o)).filter(isSymbolKey).map(keyOf); },
		getOwnPropertyDescriptor: function (o, k) {
			if (o === undefined || o === null) {
				throw new TypeError("Cannot convert undefined or null to object");
			}
			return getDescriptor(Object(o), k);
		},
		getOwnPropertyDescriptors: function (o) {
			var out = {};
			allKeys(Object(o)).forEach(function (k) {
				var d = getDescriptor(o, k);
				if (d !== undefined) {
					defineProperty(out, k, { value: d, writable: true, enumerable: true, configurable: true });
				}
			});
			return out;
		}
	});
	defineProperty(Object.prototype, "__proto__", {
		get: function () { return prototypeOf(Object(this)); },
		set: function (v) {
			if (isObject(this) && (isObject(v) || v === null) && !inherit(this, v)) {
				throw new TypeError("the prototype of this object cannot be changed");
			}
		},
		configurable: true
	});

	// ---- Proxy

	function parts(target, handler) {
		if (!isObject(target) || !isObject(handler)) {
			throw new TypeError("Cannot create proxy with a non-object as target or handler");
		}
		return common.newProxy(target, handler);
	}
	function Proxy(target, handler) {
		if (!(this instanceof Proxy)) {
			throw new TypeError("Constructor Proxy requires 'new'");
		}
		return parts(target, handler);
	}
	define(Proxy, {
		revocable: function (target, handler) {
			var p = parts(target, handler);
			return { proxy: p, revoke: function () { common.revokeProxy(p); } };
		}
	});
	common.set(global, "Proxy", Proxy);
	// checkKeys looks at what an ownKeys trap returned (ECMA-262 10.5.11).
	common.checkKeys = function (list, target) {
		var seen = Object.create(null), out = [], i, k, open = extensible(target);
		for (list = listOf(list), i = 0; i < list.length; i++) {
			if (typeof list[i] !== "string" && !common.isSymbol(list[i])) {
				throw new TypeError(common.say(list[i]) + " is not a valid property name");
			}
			k = String(list[i]);
			if (seen[k]) {
				throw new TypeError("'ownKeys' on proxy: trap returned duplicate entries");
			}
			seen[k] = true;
			out.push(k);
		}
		var own = names(target);
		own.forEach(function (k) {
			if (!seen[k] && (!open || !getDescriptor(target, k).configurable)) {
				throw new TypeError("'ownKeys' on proxy: trap result did not include '" + k + "'");
			}
		});
		if (!open && own.length !== out.length) {
			throw new TypeError("'ownKeys' on proxy: trap returned extra keys but proxy target is non-extensible");
		}
		return out;
	};
	["Map", "Set", "WeakMap", "WeakSet"].forEach(function (name) {
		defineProperty(global[name].prototype, "@@toStringTag", { value: name, configurable: true });
	});
	["Math", "JSON"].forEach(function (name) {
		defineProperty(global[name], "@@toStringTag", { value: name, configurable: true });
	});
})
