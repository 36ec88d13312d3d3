#!/usr/bin/env python3
"""Makes the folder of a Flamenco manager, home, with the tables that Farm reads.

It is written from what is known of the tables' columns, with Python's own SQLite; the secrets of the
workers are NAME-secret-0123456789abcdef, hashed with bcrypt at its least cost.
"""

import pathlib
import sqlite3

HOME = pathlib.Path(__file__).parent / "home"
NOW = "2026-11-30 07:21:05.108611867 +0000 UTC"

TABLES = """
CREATE TABLE goose_db_version (id integer PRIMARY KEY, version_id integer NOT NULL, is_applied integer NOT NULL, tstamp timestamp);
CREATE TABLE workers (id integer PRIMARY KEY, created_at datetime, updated_at datetime, uuid text, secret text, name text,
  address text, platform text, software text, status text, last_seen_at datetime, status_requested text,
  lazy_status_request boolean, supported_task_types text, deleted_at datetime, can_restart boolean);
CREATE TABLE worker_tags (id integer PRIMARY KEY, created_at datetime, updated_at datetime, uuid text, name text, description text);
CREATE TABLE worker_tag_membership (worker_tag_id integer, worker_id integer, PRIMARY KEY (worker_tag_id, worker_id));
CREATE TABLE sleep_schedules (id integer PRIMARY KEY, worker_id integer, is_active boolean, days_of_week text,
  start_time text, end_time text, next_check datetime);
CREATE TABLE jobs (id integer PRIMARY KEY, name text);
CREATE TABLE tasks (id integer PRIMARY KEY, job_id integer);
"""

WORKERS = [
    # name, platform, status, asked for, can restart, deleted at, hash
    ("render", "linux", "asleep", "", 1, None, "$2a$04$abcdefghijklmnopqrstuuS5GgQB0hFfHZlvM1wSfvbUNaCEoE5hu"),
    ("desk", "windows", "awake", "asleep", 0, None, "$2a$04$abcdefghijklmnopqrstuurciwqWmFEqEAnPSgnygKkJUMiLtdXxK"),
    ("mac", "darwin", "offline", "offline", 0, None, "$2a$04$abcdefghijklmnopqrstuuvULOnuVFxTeeFfaDDc3b0H1eQhkA8Qa"),
    ("gone", "linux", "offline", "", 0, NOW, "$2a$04$abcdefghijklmnopqrstuuE.h7lIkzczNVqkdDvTGwP8hUMPttzSi"),
]


def uuid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def main() -> None:
    file = HOME / "flamenco-manager.sqlite"
    file.unlink(missing_ok=True)
    db = sqlite3.connect(file)
    db.executescript("PRAGMA journal_mode = WAL;" + TABLES)
    db.executemany("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", [(n,) for n in range(9)])
    for i, (name, platform, status, asked, restart, deleted, secret) in enumerate(WORKERS, 1):
        db.execute("INSERT INTO workers VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   (i, NOW, NOW, uuid(1, i), secret, name, "10.0.0.%d" % i, platform, "3.8.2", status, NOW, asked, 0,
                    "blender,ffmpeg,file-management,misc", deleted, restart))
    db.executemany("INSERT INTO worker_tags VALUES (?,?,NULL,?,?,?)",
                   [(1, NOW, uuid(2, 1), "gpu", "Has a GPU"), (2, NOW, uuid(2, 2), "night", "Only at night")])
    db.executemany("INSERT INTO worker_tag_membership VALUES (?,?)", [(1, 1), (1, 2), (2, 2)])
    db.executemany("INSERT INTO sleep_schedules VALUES (?,?,?,?,?,?,?)",
                   [(1, 2, 1, "mo tu we th fr", "09:00", "18:00", NOW), (2, 3, 0, "", "", "", NOW)])
    db.execute("INSERT INTO jobs VALUES (1, 'a job')")
    db.executemany("INSERT INTO tasks VALUES (?, 1)", [(1,), (2,), (3,)])
    db.commit()
    db.close()


main()
