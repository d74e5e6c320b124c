-- What a session began with at the provider, by its ID token; NULL in sessions that began before this was noted.
ALTER TABLE sessions ADD COLUMN issuer TEXT;
ALTER TABLE sessions ADD COLUMN subject TEXT;
ALTER TABLE sessions ADD COLUMN sid TEXT;
-- The ID token itself; NULL where signing out does not need it.
ALTER TABLE sessions ADD COLUMN sealed BLOB;
CREATE INDEX sessions_by_sid ON sessions (provider_uid, sid);
CREATE INDEX sessions_by_subject ON sessions (provider_uid, subject);

-- The logout tokens of providers: each counts once, and a login that it has overtaken begins no session.
CREATE TABLE logouts (
    -- SHA-256 of the provider and the token's jti.
    id_hash BLOB PRIMARY KEY NOT NULL,
    provider_uid TEXT NOT NULL,
    issuer TEXT NOT NULL,
    sid TEXT,
    subject TEXT,
    issued_at BIGINT NOT NULL,
    kept_until BIGINT NOT NULL
);
CREATE INDEX logouts_by_sid ON logouts (provider_uid, sid);
CREATE INDEX logouts_by_subject ON logouts (provider_uid, subject);
CREATE INDEX logouts_by_end ON logouts (kept_until);
