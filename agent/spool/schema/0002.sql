-- Schema version 2: the records of one commit lie together in one row, compressed; numbers are
-- reserved ahead; boots remember when their clock became right; the journal's head is kept apart.

-- `key` is the lane's number in the bits from 48 up, the seq of the last record below; `first` is
-- the seq of the first. `at_ms` is the instant of the first record. `step_s` is 0 while nothing was
-- thinned. `crc` is the CRC-32 of `body`, whose form `agent.spool.chunks` knows.
CREATE TABLE chunks (
    key    INTEGER PRIMARY KEY,
    first  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    boot   INTEGER NOT NULL,
    step_s INTEGER NOT NULL,
    crc    INTEGER NOT NULL,
    body   BLOB    NOT NULL
) STRICT;
INSERT INTO chunks
    SELECT key, key & 0xFFFFFFFFFFFF, 1, at_ms, boot, 0, 0,
           pack(key & 0xFFFFFFFFFFFF, at_ms, mono, trusted, body)
    FROM records;
UPDATE chunks SET crc = crc32(body);
DROP TABLE records;

-- Numbers below `reserved` may have been given, and sent, although they are not on disk.
-- `thinned` counts records that were folded into coarser ones to keep the file within its size.
ALTER TABLE lanes ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lanes ADD COLUMN thinned  INTEGER NOT NULL DEFAULT 0;
UPDATE lanes SET reserved = next_seq;
INSERT INTO lanes VALUES (3, 1, 0, 1, 0), (4, 1, 0, 1, 0);

-- In this boot the second `set_mono` was the instant `set_at_ms`; NULL while nobody knew.
ALTER TABLE boots ADD COLUMN set_at_ms INTEGER;
ALTER TABLE boots ADD COLUMN set_mono  REAL;

-- Numbers that a damaged file lost and of which the platform has not been told yet.
CREATE TABLE gaps (
    lane  INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL
) STRICT;

-- What the first row's hash is built on; and the last row, so that a cut tail shows.
INSERT INTO meta SELECT 'chain', value FROM meta WHERE name = 'epoch';
CREATE TABLE head (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    hash   BLOB    NOT NULL
) STRICT;
INSERT INTO head SELECT 1, number, hash FROM journal ORDER BY number DESC LIMIT 1;

PRAGMA user_version = 2;
