// What every script finds before its first line, as far as it is easier said
// in JavaScript than in Go. It is a function of the host's functions, which
// keeps the tasks and commands in Go: a job has many, and a JavaScript object
// is large.
(function (host, global) {
	// Tasks and commands carry the index of what Go knows of them, under a
	// name that no script uses. A parameter called arguments saves the engine
	// from making the object of that name, which takes longer than the rest.
	function Task(id, uuid, name, type, arguments) {
		this["%id"] = id;
		this.uUID = uuid;
		this.name = name;
		this.type = type;
		this.priority = 50;
	}
	function Command(id, arguments) {
		this["%id"] = id;
	}
	function property(prototype, name, get, set) {
		Object.defineProperty(prototype, name, { get: get, set: set, enumerable: true, configurable: true });
	}
	Task.prototype.addCommand = host.addCommand;
	Task.prototype.addDependency = host.addDependency;
	property(Task.prototype, "commands", host.commands, host.setCommands);
	property(Task.prototype, "dependencies", host.dependencies, host.setDependencies);
	property(Command.prototype, "name", host.commandName, host.setCommandName);
	property(Command.prototype, "parameters", host.parameters, host.setParameters);
	property(Command.prototype, "totalStepCount", host.stepCount, host.setStepCount);

	// Source made at run time would go past the checks that other source
	// passes, so there is neither eval nor the constructor of functions.
	function NoFunction() {
		throw new TypeError("scripts cannot make functions from text");
	}
	NoFunction.prototype = Function.prototype;
	Object.defineProperty(Function.prototype, "constructor", { value: NoFunction });
	global.Function = NoFunction;
	global.eval = NoFunction;

	var stringify = JSON.stringify;
	JSON.stringify = function (value) {
		host.checkDepth(value);
		return stringify.apply(JSON, arguments);
	};

	// The engine does not look whether it has to end while it goes over an
	// array, so the arrays it is let go over are bounded.
	["concat", "every", "filter", "forEach", "indexOf", "join", "lastIndexOf", "map", "reduce", "reduceRight",
		"reverse", "shift", "slice", "some", "sort", "splice", "unshift"].forEach(function (name) {
		var method = Array.prototype[name];
		Array.prototype[name] = function () {
			host.checkLength(this);
			return method.apply(this, arguments);
		};
	});

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

	return {
		requireFrom: requireFrom,
		task: function (id, uuid, name, type, arguments) { return new Task(id, uuid, name, type); },
		command: function (id, arguments) { return new Command(id); },
		object: function () { return {}; },
		array: function () { return []; },
		date: function (ms) { return new Date(ms); },
		accessor: function (object, name, get) { Object.defineProperty(object, name, { get: get, enumerable: true }); }
	};
})
