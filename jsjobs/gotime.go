package jsjobs

import (
	"time"

	"github.com/robertkrimen/otto"
)

// goTime makes the object of a time that scripts have in job.created: a Date,
// with the methods that the original system's time has, which is one of Go.
// They have Go's names with a small first letter, such as format("20060102"),
// and durations are nanoseconds.
func (m *machine) goTime(t time.Time) otto.Value {
	date := m.toJS(t)
	for name, f := range m.goTimeMethods(t) {
		m.call(m.kit.hidden, date, name, f)
	}
	return date
}

func (m *machine) goTimeMethods(t time.Time) map[string]native {
	year, week := t.ISOWeek()
	zone, offset := t.Zone()
	all := map[string]native{
		"format": func(call otto.FunctionCall) otto.Value { return m.string(t.Format(m.text(call.Argument(0)))) },
		"local":  func(otto.FunctionCall) otto.Value { return m.goTime(t.Local()) },
		"uTC":    func(otto.FunctionCall) otto.Value { return m.goTime(t.UTC()) },
		"add":    func(call otto.FunctionCall) otto.Value { return m.goTime(t.Add(m.duration(call.Argument(0)))) },
		"addDate": func(call otto.FunctionCall) otto.Value {
			return m.goTime(t.AddDate(m.whole(call.Argument(0)), m.whole(call.Argument(1)), m.whole(call.Argument(2))))
		},
		"truncate": func(call otto.FunctionCall) otto.Value { return m.goTime(t.Truncate(m.duration(call.Argument(0)))) },
		"round":    func(call otto.FunctionCall) otto.Value { return m.goTime(t.Round(m.duration(call.Argument(0)))) },
		"sub":      func(call otto.FunctionCall) otto.Value { return m.toJS(float64(t.Sub(m.when(call.Argument(0))))) },
		"before":   func(call otto.FunctionCall) otto.Value { return m.toJS(t.Before(m.when(call.Argument(0)))) },
		"after":    func(call otto.FunctionCall) otto.Value { return m.toJS(t.After(m.when(call.Argument(0)))) },
		"equal":    func(call otto.FunctionCall) otto.Value { return m.toJS(t.Equal(m.when(call.Argument(0)))) },
		"compare":  func(call otto.FunctionCall) otto.Value { return m.toJS(t.Compare(m.when(call.Argument(0)))) },
	}
	for name, v := range map[string]any{
		"string": t.String(), "year": t.Year(), "month": int(t.Month()), "day": t.Day(), "yearDay": t.YearDay(), "weekday": int(t.Weekday()),
		"hour": t.Hour(), "minute": t.Minute(), "second": t.Second(), "nanosecond": t.Nanosecond(),
		"unix": float64(t.Unix()), "unixMilli": float64(t.UnixMilli()), "unixMicro": float64(t.UnixMicro()), "unixNano": float64(t.UnixNano()),
		"isZero": t.IsZero(), "iSOWeek": []any{year, week}, "zone": []any{zone, offset},
		"date": []any{t.Year(), int(t.Month()), t.Day()}, "clock": []any{t.Hour(), t.Minute(), t.Second()},
	} {
		all[name] = func(otto.FunctionCall) otto.Value { return m.toJS(v) }
	}
	return all
}

// duration converts an argument that is one, in nanoseconds.
func (m *machine) duration(v otto.Value) time.Duration {
	return time.Duration(max(-1<<62, min(1<<62, m.toInteger(v))))
}
