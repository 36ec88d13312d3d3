// What every script finds before its first line, as far as it is easier said
// in JavaScript than in Go. It is a function of the host's functions.
(function (host, global) {
	// Source made at run time would go past the checks that other source
	// passes, so there is neither eval nor the constructor of functions.
	function NoFunction() {
		throw new TypeError("scripts cannot make functions from text");
	}
	NoFunction.prototype = Function.prototype;
	Object.defineProperty(Function.prototype, "constructor", { value: NoFunction });
	global.Function = NoFunction;
	global.eval = NoFunction;

	// A module that throws is not loaded, and is run again by the next one
	// that wants it.
	function requireFrom(dir) {
		return function require(name) {
			var found = host.find(dir, name), module = found.module, done = false;
			if (found.run) {
				try {
					found.run.call(module.exports, module.exports, requireFrom(found.dir), module, found.file, found.dir);
					done = true;
				} finally {
					if (!done) {
						host.forget(found.file);
					}
				}
			}
			return module.exports;
		};
	}

	var numberValue = Number.prototype.valueOf, booleanValue = Boolean.prototype.valueOf;
	var dateValue = Date.prototype.getTime, setDate = Date.prototype.setTime;

	return {
		requireFrom: requireFrom,
		task: {},
		command: {},
		date: function (ms) { return new Date(ms); },
		accessor: function (object, name, get, set) {
			Object.defineProperty(object, name, { get: get, set: set, enumerable: true, configurable: true });
		},
		numberValue: function (n) { return numberValue.call(n); },
		booleanValue: function (b) { return booleanValue.call(b); },
		dateValue: function (d) { return dateValue.call(d); },
		setDate: function (d, ms) { setDate.call(d, ms); },
		ownProperty: function (object, name, value) {
			Object.defineProperty(object, name, { value: value, writable: true, enumerable: true, configurable: true });
		},
		hidden: function (object, name, value) { Object.defineProperty(object, name, { value: value }); }
	};
})
