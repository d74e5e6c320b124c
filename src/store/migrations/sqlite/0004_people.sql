-- On whose word the address is the user's: 'provider', 'mail' or 'hand'; NULL: on nobody's yet.
ALTER TABLE users ADD COLUMN verified TEXT CHECK (verified IN ('provider', 'mail', 'hand'));
UPDATE users SET verified = 'provider' WHERE email_verified;
ALTER TABLE users DROP COLUMN email_verified;
-- The UID of the provider that gave the address; empty: by hand; NULL: not known, or there is none.
ALTER TABLE users ADD COLUMN email_by TEXT;
-- What the provider of `told_by` set alone by the last login: the names of kinds of grants, as a JSON list.
ALTER TABLE users ADD COLUMN told_alone TEXT NOT NULL DEFAULT '[]';
-- NULL: nobody has signed in as this user, or before this was noted.
ALTER TABLE users ADD COLUMN last_login_at BIGINT;
-- Who was here before this was noted has signed in.
UPDATE users SET last_login_at = 0 WHERE EXISTS (SELECT 1 FROM links WHERE links.user_id = users.id);

-- The UID of the provider that the link was used through last, and when; NULL: not known, or never.
ALTER TABLE links ADD COLUMN provider_uid TEXT;
ALTER TABLE links ADD COLUMN last_login_at BIGINT;
UPDATE links SET last_login_at = 0, provider_uid = (
    SELECT MIN(provider_uid) FROM claims WHERE claims.user_id = links.user_id HAVING COUNT(*) = 1
);

-- Grants by hand have neither provider nor mapper: both are empty.

-- Mails that verify addresses; kept as long as they count against the next one.
CREATE TABLE verifications (
    -- SHA-256 of what the link holds.
    token_hash BLOB PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The link works no more.
    used BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX verifications_by_user ON verifications (user_id);
CREATE INDEX verifications_by_email ON verifications (email);

-- What processes beside the one that serves have written, for it to hear.
CREATE TABLE announcements (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- NULL: anything may have changed.
    user_id TEXT,
    -- Whether sessions of the user ended.
    sessions BOOLEAN NOT NULL,
    made_at BIGINT NOT NULL
);
