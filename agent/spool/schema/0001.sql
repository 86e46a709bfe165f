-- Schema version 1 of the durable buffer. Files 0002.sql and on bring an older file forward; a
-- released file is never edited. STRICT lets the check at the start notice values of a wrong type.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a lane. `next_seq` outlives the records, so that a number is never given twice;
-- `lost` counts records that were dropped from memory while the disk could not be written.
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

-- `key` is the lane's number in the bits from 48 up, the seq below. As the row number it keeps the
-- records of a lane side by side, and telemetry, the busiest lane, is always added at the end of
-- the tree: full pages and no splitting, which is what a flash card wants. `crc` is the CRC-32 of
-- the body: SQLite itself does not notice a wrong byte there.
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

-- Writes to the machine, per day; the row whose day is '' counts for life.
CREATE TABLE writes (
    device TEXT    NOT NULL,
    point  TEXT    NOT NULL,
    day    TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (device, point, day)
) STRICT, WITHOUT ROWID;

-- Only ever added to; `hash` covers the row and the hash before it.
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
