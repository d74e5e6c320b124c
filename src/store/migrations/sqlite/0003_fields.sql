-- What is noted of a user, each with who said so: {name: {value, by: {provider, mapper}}}.
ALTER TABLE users ADD COLUMN fields TEXT NOT NULL DEFAULT '{}';
-- The UID of the provider that the user signed in through last; NULL where that is not known.
ALTER TABLE users ADD COLUMN told_by TEXT;
UPDATE users SET told_by = (
    SELECT MIN(provider_uid) FROM claims WHERE claims.user_id = users.id HAVING COUNT(*) = 1
);
UPDATE users
SET fields = json_object('fullName', json_object('value', full_name, 'by', json_object('provider', '')))
WHERE full_name IS NOT NULL;
ALTER TABLE users DROP COLUMN full_name;

-- {email, verified}; NULL where the claims tell them.
ALTER TABLE claims ADD COLUMN address TEXT;

-- What mappers give is set anew for the people of a provider in the order of their IDs, and may end their sessions.
DROP INDEX grants_by_provider;
CREATE INDEX grants_by_provider ON grants (provider_uid, user_id);
DROP INDEX sessions_by_user;
CREATE INDEX sessions_by_user ON sessions (user_id, provider_uid);
