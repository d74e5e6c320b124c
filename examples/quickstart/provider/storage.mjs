// What the provider remembers (sessions, grants, codes, tokens), in memory, for as long as it runs.
// It outlives a single oidc-provider instance, so that new clients or keys end nobody's session.

export class Storage {
  #entries = new Map();

  // The adapter class that oidc-provider asks for; one instance of it per model.
  adapter() {
    const entries = this.#entries;
    return class Adapter {
      #model;

      constructor(model) {
        this.#model = model;
      }

      #key(id) {
        return `${this.#model}:${id}`;
      }

      async upsert(id, payload, expiresIn) {
        const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
        entries.set(this.#key(id), { payload, expiresAt });
      }

      async find(id) {
        const key = this.#key(id);
        const entry = entries.get(key);
        if (entry && entry.expiresAt <= Date.now()) entries.delete(key);
        return entries.get(key)?.payload;
      }

      async findByUid(uid) {
        for (const { payload, expiresAt } of entries.values()) {
          if (payload.kind === this.#model && payload.uid === uid && expiresAt > Date.now()) return payload;
        }
        return undefined;
      }

      async consume(id) {
        const entry = entries.get(this.#key(id));
        if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000);
      }

      async destroy(id) {
        entries.delete(this.#key(id));
      }

      async revokeByGrantId(grantId) {
        for (const [key, { payload }] of entries) {
          if (payload.grantId === grantId) entries.delete(key);
        }
      }
    };
  }

  // Ends every session and returns what they held.
  endSessions() {
    const ended = [];
    for (const [key, { payload }] of this.#entries) {
      if (payload.kind !== 'Session') continue;
      this.#entries.delete(key);
      ended.push(payload);
    }
    return ended;
  }
}
