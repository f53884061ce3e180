-- Classes that vote. A class holds all that its pages show, so that it does not depend on its source of galaxies.
CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: a late vote must not fall into another class
    code TEXT NOT NULL UNIQUE,
    teacher_hash BLOB NOT NULL UNIQUE, -- SHA-256; the token itself is stored nowhere
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    network TEXT NOT NULL, -- label of the network that predicted; empty without one
    created REAL NOT NULL, -- s since 1970
    ends REAL, -- NULL: kept until it is deleted
    is_open INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE galaxies (
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    place INTEGER NOT NULL, -- from 0
    galaxy_id TEXT NOT NULL,
    field REAL NOT NULL, -- fraction of Galaxy Zoo's field of view
    picture BLOB NOT NULL, -- JPEG
    volunteers BLOB, -- 37 float64, little-endian; NULL: no votes
    network BLOB,
    PRIMARY KEY (class_id, place)
) WITHOUT ROWID;
CREATE TABLE pupils (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    nickname TEXT NOT NULL,
    nickname_key TEXT NOT NULL,
    is_hidden INTEGER NOT NULL DEFAULT 0,
    joined REAL NOT NULL,
    UNIQUE (class_id, nickname_key)
);
CREATE TABLE votes (
    pupil_id INTEGER NOT NULL REFERENCES pupils (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    answers TEXT NOT NULL, -- columns of the path, separated by blanks
    time REAL NOT NULL,
    PRIMARY KEY (pupil_id, place)
) WITHOUT ROWID;
PRAGMA user_version = 1;
