// Generators and what all iterators have in common. Their bodies are run by
// the host (coroutine.go): %next, %throwInto and %return go on with one.
(function (global, common) {
	var ITERATOR = "@@iterator", set = common.set;

	function help(name, value) {
		Object.defineProperty(global, "%" + name, { value: value });
	}
	var IteratorPrototype = common.IteratorPrototype;
	var GeneratorPrototype = Object.create(IteratorPrototype), GeneratorFunctionPrototype = Object.create(Function.prototype);
	set(GeneratorPrototype, "next", global["%next"]);
	set(GeneratorPrototype, "return", global["%return"]);
	set(GeneratorPrototype, "throw", global["%throwInto"]);
	Object.defineProperty(GeneratorPrototype, "@@toStringTag", { value: "Generator", configurable: true });
	function GeneratorFunction() {
		throw new TypeError("scripts cannot make functions from text");
	}
	Object.defineProperty(GeneratorFunction, "prototype", { value: GeneratorFunctionPrototype, writable: false });
	Object.defineProperty(GeneratorFunctionPrototype, "constructor", { value: GeneratorFunction, configurable: true });
	Object.defineProperty(GeneratorFunctionPrototype, "prototype", { value: GeneratorPrototype, configurable: true });
	Object.defineProperty(GeneratorPrototype, "constructor", { value: GeneratorFunctionPrototype, configurable: true });
	Object.defineProperty(GeneratorFunctionPrototype, "@@toStringTag", { value: "GeneratorFunction", configurable: true });
	help("GeneratorPrototype", GeneratorPrototype);
	help("GeneratorFunctionPrototype", GeneratorFunctionPrototype);
	common.silent.push(GeneratorPrototype, GeneratorFunctionPrototype, IteratorPrototype);

	function result(r) {
		if (!common.isObject(r)) {
			throw new TypeError("Iterator result " + String(r) + " is not an object");
		}
		return r;
	}
	// delegate is yield* (ECMA-262 14.4.14).
	help("delegate", function (iterable) {
		var it = common.begin(iterable), next = it.next, kind = 0, received = { value: undefined }, r, f;
		for (;;) {
			if (kind === 0) {
				r = result(next.call(it, received.value));
			} else if (kind === 1) {
				f = it["throw"];
				if (f === undefined || f === null) {
					f = it["return"];
					if (f !== undefined && f !== null) {
						result(f.call(it));
					}
					throw new TypeError("The iterator does not provide a 'throw' method");
				}
				r = result(f.call(it, received.value));
			} else {
				f = it["return"];
				if (f === undefined || f === null) {
					return global["%leave"](received.value);
				}
				r = result(f.call(it, received.value));
				if (r.done) {
					return global["%leave"](r.value);
				}
			}
			if (r.done) {
				return r.value;
			}
			kind = global["%relay"](r, received);
		}
	});
})
