-- Times are milliseconds since the epoch. What is named `sealed` opens with the encryption key alone.

-- Proves at start that the encryption key file belongs to this database.
CREATE TABLE seal_proof (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    sealed BLOB NOT NULL
);

CREATE TABLE generations (
    uid TEXT PRIMARY KEY NOT NULL,
    generation BIGINT NOT NULL,
    spec_hash BLOB NOT NULL
);

CREATE TABLE keys (
    purpose TEXT NOT NULL,
    id BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (purpose, id)
);

CREATE TABLE used_attempts (
    id BLOB PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    organization TEXT NOT NULL,
    user_name TEXT NOT NULL,
    full_name TEXT,
    email TEXT,
    email_verified BOOLEAN NOT NULL,
    UNIQUE (organization, user_name),
    UNIQUE (organization, email),
    -- What belongs to a user refers to both, so that nothing can lead into another organization.
    UNIQUE (id, organization)
);

CREATE TABLE links (
    organization TEXT NOT NULL,
    issuer TEXT NOT NULL,
    external_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (organization, issuer, external_id),
    FOREIGN KEY (user_id, organization) REFERENCES users (id, organization) ON DELETE CASCADE
);
CREATE INDEX links_by_user ON links (user_id);

-- One row for every person who ever signed in through a provider.
CREATE TABLE claims (
    provider_uid TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- One more at every login.
    revision BIGINT NOT NULL,
    -- NULL when the claims were too large to be kept.
    sealed BLOB,
    PRIMARY KEY (provider_uid, user_id)
);
CREATE INDEX claims_by_user ON claims (user_id);

CREATE TABLE grants (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider_uid TEXT NOT NULL,
    mapper_uid TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('role', 'group', 'administrator')),
    -- The role's or group's; empty for 'administrator'.
    name TEXT NOT NULL,
    PRIMARY KEY (user_id, provider_uid, mapper_uid, kind, name)
);
CREATE INDEX grants_by_provider ON grants (provider_uid);

CREATE TABLE applied_mappers (
    provider_uid TEXT PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL
);

CREATE TABLE sessions (
    -- SHA-256 of the session id: who reads the database cannot take a session over.
    id_hash BLOB PRIMARY KEY NOT NULL,
    organization TEXT NOT NULL,
    user_id TEXT NOT NULL,
    provider_uid TEXT NOT NULL,
    provider_key TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    FOREIGN KEY (user_id, organization) REFERENCES users (id, organization) ON DELETE CASCADE
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_provider ON sessions (provider_uid);
CREATE INDEX sessions_by_organization ON sessions (organization);
