package flamenco

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the reader of the file, as a driver of database/sql

	"renderfarm/farm"
)

// newestSchema is the newest version of the database that is known.
const newestSchema = 8

// Bounds on what a database may have that anybody could have made.
const (
	maxRows = 100_000         // of a table that is read
	maxText = 4096            // bytes of a value
	maxTime = 2 * time.Minute // for all of it
)

// readDatabase fills in what the database has.
func (h *Home) readDatabase(ctx context.Context, temp string) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	return h.settledCopy(ctx, temp, func(path string, immutable bool) error {
		// A second look must not add to what a first one found.
		found := Home{Dir: h.Dir}
		db, err := sql.Open("sqlite", dataSource(path, immutable))
		if err != nil {
			return err
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		if err := found.readTables(ctx, db); err != nil {
			return h.explain(err)
		}
		h.Tags, h.Workers, h.Jobs, h.Tasks = found.Tags, found.Workers, found.Jobs, found.Tasks
		h.Left = append(h.Left, found.Left...)
		return nil
	})
}

// dataSource names a file for the driver. One that nobody else writes to needs neither
// locks nor files beside it.
func dataSource(path string, immutable bool) string {
	values := url.Values{"_pragma": {"query_only(1)", "trusted_schema(0)"}}
	if immutable {
		values.Set("mode", "ro")
		values.Set("immutable", "1")
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: values.Encode()}).String()
}

// explain turns an error of the reader into one that helps.
func (h *Home) explain(err error) error {
	var known *farm.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return farm.Errorf(farm.Invalid, "%s cannot be read as the database of a Flamenco manager: %w. Its manager checks it when it starts", h.Database, err)
}

func (h *Home) readTables(ctx context.Context, db *sql.DB) error {
	var schema sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&schema); err != nil {
		return err
	}
	if schema.Int64 > newestSchema {
		return farm.Errorf(farm.Unsupported, "%s is of a newer Flamenco than this Farm knows: its version is %d, and %d is known. Look for a newer Farm; nothing was imported",
			h.Database, schema.Int64, newestSchema)
	}
	tables := map[string][]row{}
	for _, name := range []string{"worker_tags", "workers", "worker_tag_membership", "sleep_schedules"} {
		rows, err := readTable(ctx, db, name)
		if err != nil && strings.Contains(err.Error(), "no such table") {
			return farm.Errorf(farm.Unsupported, "the database is of an older Flamenco (version %d): it has no %s. Start its newest manager once, which brings it up to date", schema.Int64, name)
		}
		if err != nil {
			return err
		}
		tables[name] = rows
	}
	if err := db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM tasks)").Scan(&h.Jobs, &h.Tasks); err != nil {
		return err
	}
	h.takeTags(tables["worker_tags"])
	h.takeWorkers(tables["workers"], tables["worker_tag_membership"], tables["worker_tags"], tables["sleep_schedules"])
	return nil
}

// A row is a record of a table, by column. A column that is not there is as good as an empty one:
// versions differ in them.
type row map[string]any

func readTable(ctx context.Context, db *sql.DB, table string) ([]row, error) {
	found, err := db.QueryContext(ctx, fmt.Sprintf("SELECT * FROM %s LIMIT %d", table, maxRows+1))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	var rows []row
	for found.Next() {
		if len(rows) == maxRows {
			return nil, fmt.Errorf("its table %s has more than %d rows", table, maxRows)
		}
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := found.Scan(values...); err != nil {
			return nil, err
		}
		r := row{}
		for i, name := range columns {
			r[name] = *values[i].(*any)
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// text returns a value as text, "" if there is none.
func (r row) text(column string) string {
	text := ""
	switch v := r[column].(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	case nil:
	default:
		text = fmt.Sprint(v)
	}
	return strings.ToValidUTF8(text[:min(len(text), maxText)], "�")
}

// number returns a whole number, 0 if there is none.
func (r row) number(column string) int64 {
	n, _ := r[column].(int64)
	return n
}

func (r row) truth(column string) bool {
	switch v := r[column].(type) {
	case bool:
		return v
	case int64:
		return v != 0
	}
	return false
}

// timeForms are how times are written, in UTC.
var timeForms = []string{"2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano, time.DateTime}

// time returns a time; zero if there is none.
func (r row) time(column string) time.Time {
	if t, ok := r[column].(time.Time); ok {
		return t.UTC()
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, r.text(column)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func (h *Home) takeTags(rows []row) {
	for _, r := range rows {
		id, ok := farm.ParseUUID(r.text("uuid"))
		if !ok {
			h.leave("the tag %q has no id that can be used", r.text("name"))
			continue
		}
		h.Tags = append(h.Tags, farm.Tag{ID: farm.TagID(id.String()), Name: r.text("name"), Description: r.text("description")})
	}
}

func (h *Home) takeWorkers(workers, memberships, tags, schedules []row) {
	tagID := map[int64]farm.TagID{}
	for _, r := range tags {
		if id, ok := farm.ParseUUID(r.text("uuid")); ok {
			tagID[r.number("id")] = farm.TagID(id.String())
		}
	}
	deleted := 0
	for _, r := range workers {
		if r.text("deleted_at") != "" {
			deleted++
			continue
		}
		id, ok := farm.ParseUUID(r.text("uuid"))
		if !ok {
			h.leave("the worker %q has no id that can be used: it registers anew", r.text("name"))
			continue
		}
		w := worker(r)
		w.ID = farm.WorkerID(id.String())
		for _, m := range memberships {
			if tag := tagID[m.number("worker_tag_id")]; m.number("worker_id") == r.number("id") && tag != "" && !slices.Contains(w.Tags, tag) {
				w.Tags = append(w.Tags, tag)
			}
		}
		h.takeSchedule(&w, r.number("id"), schedules)
		h.Workers = append(h.Workers, w)
	}
	if deleted > 0 {
		h.leave("workers that were deleted: %d", deleted)
	}
}

// worker returns what a row says of a worker. It is offline until it signs on, and is
// then asked for what it would have been asked for where it was.
func worker(r row) farm.Worker {
	w := farm.Worker{
		Name: r.text("name"), Address: r.text("address"), Platform: r.text("platform"), Software: r.text("software"),
		TaskTypes: strings.FieldsFunc(r.text("supported_task_types"), func(r rune) bool { return r == ',' || r == ' ' }),
		Status:    farm.WorkerOffline, SecretHash: []byte(r.text("secret")), CanRestart: r.truth("can_restart"),
		Created: r.time("created_at"), LastSeen: r.time("last_seen_at"),
	}
	status, _ := farm.ParseWorkerStatus(r.text("status"))
	asked, _ := farm.ParseWorkerStatus(r.text("status_requested"))
	w.Request = farm.AfterSignOff(status, farm.StatusRequest{Status: asked, Lazy: r.truth("lazy_status_request")})
	return w
}

// takeSchedule gives a worker its schedule, which also decides what is asked of it.
func (h *Home) takeSchedule(w *farm.Worker, number int64, schedules []row) {
	i := slices.IndexFunc(schedules, func(r row) bool { return r.number("worker_id") == number })
	if i < 0 {
		return
	}
	r := schedules[i]
	days, err1 := farm.ParseDays(r.text("days_of_week"))
	from, err2 := farm.ParseTimeOfDay(r.text("start_time"))
	to, err3 := farm.ParseTimeOfDay(r.text("end_time"))
	s := farm.Schedule{Active: r.truth("is_active"), Windows: []farm.Window{{Days: days, From: from, To: to}}}
	if err := errors.Join(err1, err2, err3, s.Check()); err != nil {
		h.leave("the sleep schedule of %s cannot be used: %v", w.Name, err)
		return
	}
	if w.Schedule = s; s.Active {
		w.Request = farm.StatusRequest{}
	}
}
