-- A durable buffer as schema version 1 left it: dumped from a file that version wrote, shortened.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lanes (
    number   INTEGER PRIMARY KEY,
    next_seq INTEGER NOT NULL,
    lost     INTEGER NOT NULL
) STRICT;
INSERT INTO lanes VALUES (0, 1, 0), (1, 1, 0), (2, 1, 0);

CREATE TABLE boots (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE records (
    key     INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    mono    REAL    NOT NULL,
    boot    INTEGER NOT NULL,
    trusted INTEGER NOT NULL,
    crc     INTEGER NOT NULL,
    body    BLOB    NOT NULL
) STRICT;

CREATE TABLE commands (
    id         TEXT PRIMARY KEY,
    expires_ms INTEGER NOT NULL,
    finished   INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE writes (
    device TEXT    NOT NULL,
    point  TEXT    NOT NULL,
    day    TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (device, point, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    kind   TEXT NOT NULL,
    detail BLOB NOT NULL,
    hash   BLOB NOT NULL
) STRICT;

CREATE TABLE state (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;

INSERT INTO meta VALUES ('epoch', '5f0c1a2b3c4d5e6f');
INSERT INTO boots VALUES (1, 'b1'), (2, 'b2');
INSERT INTO records VALUES (1, 1768456800000, 1.0, 1, 1, 817498738, x'7b226964223a226131227d');
INSERT INTO records VALUES (562949953421317, 1768456800000, 1.5, 1, 1, 2955411066, x'7b226e223a357d');
INSERT INTO records VALUES (562949953421318, 1000, 2.5, 2, 0, 2601168313, x'7b226e223a367d');
UPDATE lanes SET next_seq = 2 WHERE number = 0;
UPDATE lanes SET next_seq = 7, lost = 3 WHERE number = 2;
INSERT INTO commands VALUES ('c1', 1768457100000, 0, x'7b226964223a226331227d'), ('c0', 1768457100000, 1, x'');
INSERT INTO writes VALUES ('hp', 'water_setpoint', '2026-01-15', 2), ('hp', 'water_setpoint', '', 7);
INSERT INTO journal VALUES (1, '2026-01-15T06:00:00+00:00', 'received', x'7b226964223a226330227d', x'a5bf86a2b0cafe99a939d6f25eebff14886d230ae7676eca2d6f15295062dc67');
INSERT INTO journal VALUES (2, '2026-01-15T06:00:00+00:00', 'written', x'7b22706f696e74223a2277617465725f736574706f696e74227d', x'd4c031bd7fd276a09be9922b5bf37e0a4042a3a8b1cf9c89212d4c2812a6f284');
INSERT INTO state VALUES ('alarms', x'5b5d');
