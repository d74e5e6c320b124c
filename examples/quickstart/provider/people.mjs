// The people who can sign in, and the claims that each scope carries.

const STANDARD = {
  openid: ['sub'],
  profile: ['name', 'given_name', 'family_name', 'preferred_username'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
};
const NOT_CLAIMS = ['password', 'atUserinfo', 'inAccessToken'];

export class People {
  #list;

  constructor(list) {
    for (const person of list) {
      if (typeof person.sub !== 'string' || !person.sub) throw new TypeError('each of the people needs a "sub"');
    }
    this.#list = list;
  }

  // A claim of somebody's that no standard scope names comes with `profile`.
  claimsByScope() {
    const claims = structuredClone(STANDARD);
    const known = new Set([...Object.values(STANDARD).flat(), ...NOT_CLAIMS]);
    const others = new Set(
      this.#list.flatMap((person) => Object.keys({ ...person, ...person.atUserinfo })).filter((claim) => !known.has(claim)),
    );
    claims.profile.push(...others);
    return claims;
  }

  // Whoever has this user name, e-mail address or sub, and this password; without a password of
  // their own, any password that is not empty will do.
  signIn(login, password) {
    const person = this.#list.find((p) => [p.preferred_username, p.email, p.sub].includes(login));
    const accepted = person?.password === undefined ? password !== '' : password === person.password;
    return person && accepted ? person : undefined;
  }

  // The account that oidc-provider asks for by its sub.
  account(sub) {
    const person = this.#list.find((p) => p.sub === sub);
    if (!person) return undefined;
    const { password, atUserinfo, inAccessToken, ...claims } = person;
    return {
      accountId: sub,
      claims: async (use) => (use === 'userinfo' ? { ...claims, ...atUserinfo } : claims),
    };
  }

  // What somebody's access tokens say beside what the protocol demands.
  claimsInAccessToken(sub) {
    return this.#list.find((p) => p.sub === sub)?.inAccessToken;
  }
}
