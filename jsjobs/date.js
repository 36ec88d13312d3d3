// Date, whose objects are the engine's. It is a function of the global object
// and of what it has in common with shim.js.
(function (global, common) {
	var set = common.set, native = common.date, Own = global.Date, P = Own.prototype, toString = Object.prototype.toString;

	function isDate(v) {
		return toString.call(v) === "[object Date]";
	}
	function time(v) {
		if (isDate(v)) {
			return common.dateValue(v);
		}
		if (common.isObject(v)) {
			v = common.primitive(v, "default");
		}
		return typeof v === "string" ? native.parse(v) : native.clip(v);
	}
	function Date(year, month, day, hours, minutes, seconds, ms) {
		if (!(this instanceof Date)) {
			return new Own(native.now()).toString();
		}
		switch (arguments.length) {
		case 0:
			return new Own(native.now());
		case 1:
			return new Own(time(year));
		}
		return new Own(native.local.apply(null, arguments));
	}
	Date.prototype = P;
	set(P, "constructor", Date);
	set(Date, "now", native.now);
	set(Date, "parse", native.parse);
	set(Date, "UTC", native.utc);
	for (var name in native.methods) {
		set(P, name, native.methods[name]);
	}
	set(P, "toGMTString", P.toUTCString);
	set(P, "setTime", function (t) {
		t = native.clip(t);
		common.setDate(this, t);
		return t;
	});
	set(P, "setYear", function (y) {
		y = Number(y);
		var whole = common.whole(y);
		return this.setFullYear(y !== y ? y : whole >= 0 && whole <= 99 ? 1900 + whole : whole);
	});
	set(P, "toJSON", function () {
		var t = common.primitive(this, "number");
		return typeof t === "number" && !isFinite(t) ? null : this.toISOString();
	});
	set(global, "Date", Date);
})
