-- What counts once: login attempts, and the ID tokens that applications bring.
ALTER TABLE used_attempts RENAME TO used;
CREATE INDEX used_by_expiry ON used (expires_at);

-- When the newest ID token was issued that these were by; NULL: not known.
ALTER TABLE claims ADD COLUMN issued_at BIGINT;
