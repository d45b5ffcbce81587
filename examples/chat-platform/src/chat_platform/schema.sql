-- One database, a schema for each service that keeps something. Nobody reads another one's tables.
CREATE SCHEMA auth;
CREATE TABLE auth.users (
    name text PRIMARY KEY,
    password text NOT NULL
);
CREATE TABLE auth.sessions (
    digest text PRIMARY KEY,
    name text NOT NULL REFERENCES auth.users,
    began_at timestamptz NOT NULL
);
CREATE TABLE auth.mistakes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    made_at timestamptz NOT NULL
);

CREATE SCHEMA chat;
CREATE TABLE chat.rooms (
    name text PRIMARY KEY,
    last_number integer NOT NULL DEFAULT 0
);
CREATE TABLE chat.members (
    room text REFERENCES chat.rooms,
    name text,
    PRIMARY KEY (room, name)
);
CREATE TABLE chat.messages (
    room text REFERENCES chat.rooms,
    number integer,
    author text NOT NULL,
    text text NOT NULL,
    mentions text[] NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room, number)
);

CREATE SCHEMA knowledge;
CREATE TABLE knowledge.passages (
    room text,
    number integer,
    author text NOT NULL,
    text text NOT NULL,
    words text[] NOT NULL,
    PRIMARY KEY (room, number)
);
CREATE INDEX ON knowledge.passages USING gin (words);
