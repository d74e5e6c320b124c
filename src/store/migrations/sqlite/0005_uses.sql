-- What counts once: login attempts, and the ID tokens that applications bring.
ALTER TABLE used_attempts RENAME TO used;
