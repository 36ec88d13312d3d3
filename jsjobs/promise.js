// Promises and async functions (ECMA-262 27.2, 27.7). The host runs what they
// put off once the script has come to its end, and again after compileJob.
(function (global, common) {
	var STATE = "@@state", set = common.set, isObject = common.isObject, callable = common.callable, begin = common.begin;
	var enqueue = common.enqueue, next = global["%next"], throwInto = global["%throwInto"], generator = global["%generator"];

	function stateOf(p) {
		if (!isObject(p) || !Object.prototype.hasOwnProperty.call(p, STATE)) {
			throw new TypeError("a method of promises was called on something else");
		}
		return p[STATE];
	}
	function settle(p, kind, value) {
		var s = p[STATE], reactions = s.reactions;
		s.kind = kind;
		s.value = value;
		s.reactions = undefined;
		if (kind === "rejected" && !s.handled) {
			common.unhandled.push(p);
		}
		reactions.forEach(function (r) { react(r, kind, value); });
	}
	function react(r, kind, value) {
		enqueue(function () {
			var f = kind === "fulfilled" ? r.fulfilled : r.rejected, v;
			try {
				if (typeof f === "function") {
					v = f(value);
				} else if (kind === "fulfilled") {
					v = value;
				} else {
					throw value;
				}
			} catch (e) {
				r.reject && r.reject(e);
				return;
			}
			r.resolve && r.resolve(v);
		});
	}
	// resolvers are the two functions that settle a promise, once.
	function resolvers(p) {
		var done = false;
		return {
			resolve: function (v) {
				if (done) {
					return;
				}
				done = true;
				if (v === p) {
					return settle(p, "rejected", new TypeError("Chaining cycle detected for promise"));
				}
				if (!isObject(v)) {
					return settle(p, "fulfilled", v);
				}
				var then;
				try {
					then = v.then;
				} catch (e) {
					return settle(p, "rejected", e);
				}
				if (typeof then !== "function") {
					return settle(p, "fulfilled", v);
				}
				enqueue(function () {
					var r = resolvers(p);
					try {
						then.call(v, r.resolve, r.reject);
					} catch (e) {
						r.reject(e);
					}
				});
			},
			reject: function (e) {
				if (!done) {
					done = true;
					settle(p, "rejected", e);
				}
			}
		};
	}
	function Promise(executor) {
		if (!(this instanceof Promise) || Object.prototype.hasOwnProperty.call(this, STATE)) {
			throw new TypeError("Promise constructor cannot be invoked without 'new'");
		}
		callable(executor);
		Object.defineProperty(this, STATE, { value: { kind: "pending", value: undefined, reactions: [], handled: false } });
		var r = resolvers(this);
		try {
			executor(r.resolve, r.reject);
		} catch (e) {
			r.reject(e);
		}
	}
	// capability is a promise of a constructor, with what settles it.
	function capability(C) {
		if (typeof C !== "function") {
			throw new TypeError(String(C) + " is not a constructor");
		}
		var c = { resolve: undefined, reject: undefined };
		c.promise = new C(function (resolve, reject) {
			if (c.resolve !== undefined || c.reject !== undefined) {
				throw new TypeError("the promise's functions were set before");
			}
			c.resolve = resolve;
			c.reject = reject;
		});
		callable(c.resolve);
		callable(c.reject);
		return c;
	}
	function species(p) {
		var C = p.constructor;
		if (C === undefined) {
			return Promise;
		}
		if (!isObject(C)) {
			throw new TypeError("a promise's constructor is not an object");
		}
		C = C["@@species"];
		return C === undefined || C === null ? Promise : C;
	}
	function resolved(C, v) {
		if (isObject(v) && Object.prototype.hasOwnProperty.call(v, STATE) && v.constructor === C) {
			return v;
		}
		var c = capability(C);
		c.resolve(v);
		return c.promise;
	}
	common.define(Promise.prototype, {
		then: function then(onFulfilled, onRejected) {
			var s = stateOf(this), c = capability(species(this));
			var r = { fulfilled: onFulfilled, rejected: onRejected, resolve: c.resolve, reject: c.reject };
			s.handled = true;
			if (s.kind === "pending") {
				s.reactions.push(r);
			} else {
				react(r, s.kind, s.value);
			}
			return c.promise;
		},
		"catch": function (onRejected) { return this.then(undefined, onRejected); },
		"finally": function (f) {
			if (!isObject(this)) {
				throw new TypeError("Promise.prototype.finally called on something else");
			}
			var C = species(this);
			if (typeof f !== "function") {
				return this.then(f, f);
			}
			return this.then(function (v) {
				return resolved(C, f()).then(function () { return v; });
			}, function (e) {
				return resolved(C, f()).then(function () { throw e; });
			});
		}
	});
	Object.defineProperty(Promise.prototype, "@@toStringTag", { value: "Promise", configurable: true });

	// together makes the functions that wait for several promises.
	function together(each, end) {
		return function (iterable) {
			var C = this, c = capability(C), values = [], left = 1, it, r, i = 0, over = true;
			function done() {
				if (--left === 0) {
					end(c, values);
				}
			}
			try {
				var resolve = callable(C.resolve);
				it = begin(iterable);
				var step = it.next;
				for (;; i++) {
					over = true;
					r = step.call(it);
					if (!isObject(r)) {
						throw new TypeError("Iterator result " + String(r) + " is not an object");
					}
					if (r.done) {
						break;
					}
					var value = r.value;
					over = false;
					left++;
					values[i] = undefined;
					each(resolve.call(C, value), c, values, i, once(done));
				}
				done();
			} catch (e) {
				if (!over && typeof it["return"] === "function") {
					try {
						it["return"]();
					} catch (other) { }
				}
				c.reject(e);
			}
			return c.promise;
		};
	}
	function once(f) {
		var called = false;
		return function () {
			if (!called) {
				called = true;
				f();
			}
		};
	}
	function keep(values, i, done, wrap) {
		var called = false;
		return function (v) {
			if (!called) {
				called = true;
				values[i] = wrap(v);
				done();
			}
		};
	}
	function itself(v) { return v; }
	common.define(Promise, {
		resolve: function (v) {
			if (!isObject(this)) {
				throw new TypeError("Promise.resolve called on something else");
			}
			return resolved(this, v);
		},
		reject: function (e) {
			var c = capability(this);
			c.reject(e);
			return c.promise;
		},
		all: together(function (p, c, values, i, done) { p.then(keep(values, i, done, itself), c.reject); },
			function (c, values) { c.resolve(values); }),
		allSettled: together(function (p, c, values, i, done) {
			p.then(keep(values, i, done, function (v) { return { status: "fulfilled", value: v }; }),
				keep(values, i, done, function (e) { return { status: "rejected", reason: e }; }));
		}, function (c, values) { c.resolve(values); }),
		race: together(function (p, c) { p.then(c.resolve, c.reject); }, function () { }),
		any: together(function (p, c, errors, i, done) { p.then(c.resolve, keep(errors, i, done, itself)); }, function (c, errors) {
			var e = new Error("All promises were rejected");
			e.name = "AggregateError";
			e.errors = errors;
			c.reject(e);
		})
	});
	Object.defineProperty(Promise, "@@species", { get: function () { return this; }, configurable: true });
	set(global, "Promise", Promise);
	common.unhandled = [];
	common.stateOf = function (v) { return isObject(v) && Object.prototype.hasOwnProperty.call(v, STATE) ? v[STATE] : undefined; };
	common["throw"] = function (v) { throw v; };

	Object.defineProperty(global, "%async", { value: function (body) {
		var co = generator(Function.prototype, body);
		return new Promise(function (resolve, reject) {
			function go(f, value) {
				var r;
				try {
					r = f.call(co, value);
				} catch (e) {
					return reject(e);
				}
				if (r.done) {
					return resolve(r.value);
				}
				resolved(Promise, r.value).then(function (v) { go(next, v); }, function (e) { go(throwInto, e); });
			}
			go(next);
		});
	} });
	Object.defineProperty(global, "%await", { value: global["%yield"] });
})
