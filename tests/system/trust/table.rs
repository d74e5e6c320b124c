//! Every kind of provider, with every kind of address, and everybody who may have it already.

use serde_json::{Value, json};

use super::{BEFORE, Kinds};
use crate::support::{
    claimed::{login, signed_in},
    refusal::must_be_refused,
    visitor::Visitor,
};

/// What the login makes of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    New,
    /// Who they were at their last login.
    Same,
    /// The user who has the address already.
    Holder,
    /// Refused, with this code in the log.
    Code(&'static str),
}

use Outcome::{Code, Holder, New, Same};

const NO_ADDRESS: Outcome = Code("no_address");
const ELSEWHERE: Outcome = Code("address_elsewhere");
const OF_ANOTHER: Outcome = Code("address_of_another_provider");
const TAKEN: Outcome = Code("email_taken");

/// Who has the address when the person comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nobody,
    ThePerson,
    AnotherVerified,
    AnotherUnverified,
}

const EVERYBODY: [Before; 4] = [Before::Nobody, Before::ThePerson, Before::AnotherVerified, Before::AnotherUnverified];

/// The person's address: none, or NAME at this domain.
type Domain = Option<&'static str>;

const OWN: Domain = Some("acme.example");
const OWN_OF_GLOBAL: Domain = Some("globex.example");
const ANOTHER_S: Domain = Some("contoso.example");
const FREE: Domain = Some("free.example");
/// The address has a quoted local part, and counts as none.
const ODD: Domain = Some("quoted.example");

/// Provider; address; whether the provider calls it verified; what comes of it if nobody has the address, the person
/// does, another user does who has verified it, and one who has not. Nobody can have an address that is none.
type Row = (&'static str, Domain, bool, [Outcome; 4]);

/// As design, section 2.1 (Trust), has it.
const ROWS: &[Row] = &[
    // Anybody who is somebody new, but nobody else's people and addresses.
    ("plain", None, false, [New, Same, New, New]),
    ("plain", FREE, true, [New, Same, TAKEN, TAKEN]),
    ("plain", FREE, false, [New, Same, TAKEN, TAKEN]),
    ("plain", ANOTHER_S, true, [OF_ANOTHER, OF_ANOTHER, OF_ANOTHER, OF_ANOTHER]),
    ("plain", ANOTHER_S, false, [OF_ANOTHER, OF_ANOTHER, OF_ANOTHER, OF_ANOTHER]),
    ("plain", OWN_OF_GLOBAL, true, [OF_ANOTHER, OF_ANOTHER, OF_ANOTHER, OF_ANOTHER]),
    ("plain", ODD, true, [New, Same, New, New]),
    // Its own people alone, who are known by their address once both sides have verified it.
    ("with-domains", None, false, [NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS]),
    ("with-domains", OWN, true, [New, Same, Holder, TAKEN]),
    ("with-domains", OWN, false, [New, Same, TAKEN, TAKEN]),
    ("with-domains", FREE, true, [ELSEWHERE, ELSEWHERE, ELSEWHERE, ELSEWHERE]),
    ("with-domains", FREE, false, [ELSEWHERE, ELSEWHERE, ELSEWHERE, ELSEWHERE]),
    ("with-domains", ANOTHER_S, true, [ELSEWHERE, ELSEWHERE, ELSEWHERE, ELSEWHERE]),
    ("with-domains", ODD, true, [NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS]),
    // Anybody.
    ("global", None, false, [New, Same, New, New]),
    ("global", FREE, true, [New, Same, Holder, TAKEN]),
    ("global", FREE, false, [New, Same, TAKEN, TAKEN]),
    ("global", ANOTHER_S, true, [New, Same, Holder, TAKEN]),
    ("global", ANOTHER_S, false, [New, Same, TAKEN, TAKEN]),
    ("global", ODD, true, [New, Same, New, New]),
    ("global-with-domains", None, false, [New, Same, New, New]),
    ("global-with-domains", OWN_OF_GLOBAL, true, [New, Same, Holder, TAKEN]),
    ("global-with-domains", OWN_OF_GLOBAL, false, [New, Same, TAKEN, TAKEN]),
    ("global-with-domains", FREE, true, [New, Same, Holder, TAKEN]),
    ("global-with-domains", ANOTHER_S, true, [New, Same, Holder, TAKEN]),
    ("global-with-domains", ANOTHER_S, false, [New, Same, TAKEN, TAKEN]),
];

/// Claims of a person: a name of their own, and this address.
fn claims(name: &str, address: Option<&str>, verified: bool) -> Value {
    json!({"sub": name, "preferred_username": name, "email": address, "email_verified": verified})
}

struct Case<'a> {
    kinds: &'a Kinds,
    name: String,
    kind: &'static str,
    domain: Domain,
    verified: bool,
    before: Before,
}

impl Case<'_> {
    fn address(&self) -> Option<String> {
        let domain = self.domain?;
        Some(if self.domain == ODD { format!("\"{}\"@{domain}", self.name) } else { format!("{}@{domain}", self.name) })
    }

    /// The user who is here before the person comes.
    async fn prepare(&self) -> Value {
        let (latchkey, address) = (&self.kinds.latchkey, self.address());
        match self.before {
            Before::Nobody => Value::Null,
            // With an address that lets them in now; their provider gives them the other one later.
            Before::ThePerson => {
                let first = (self.kind == "with-domains").then(|| format!("{}.first@acme.example", self.name));
                let claims = claims(&self.name, first.as_deref(), true);
                signed_in(latchkey, self.kind, self.kinds.fake(self.kind), claims).await
            }
            Before::AnotherVerified | Before::AnotherUnverified => {
                let verified = self.before == Before::AnotherVerified;
                let claims = claims(&format!("{}-before", self.name), address.as_deref(), verified);
                signed_in(latchkey, BEFORE, self.kinds.fake(BEFORE), claims).await
            }
        }
    }

    async fn must_end_as(&self, expected: Outcome) {
        let latchkey = &self.kinds.latchkey;
        let told = format!("{}: {:?}, verified {}, {:?}", self.kind, self.address(), self.verified, self.before);
        let here = self.prepare().await;
        let visitor = Visitor::new();
        let claims = claims(&self.name, self.address().as_deref(), self.verified);
        let answer = login(&visitor, latchkey, self.kind, self.kinds.fake(self.kind), claims).await;
        if let Code(code) = expected {
            must_be_refused(&told, latchkey, &answer, 403, code);
            assert!(!latchkey.log().contains(&format!("{}@", self.name)), "{told}: the log has the address");
            return;
        }
        assert!(answer.signs_in(), "{told}: {} {}", answer.status, answer.body);
        let session = visitor.session(latchkey).await.expect("a session");
        assert_eq!(session["id"] == here["id"], matches!(expected, Same | Holder), "{told}: {session}");
        let usable = self.address().filter(|_| self.domain != ODD);
        assert_eq!(session["email"], json!(usable), "{told}");
        assert_eq!(session["emailVerified"], json!(usable.is_some() && self.verified), "{told}");
        assert_eq!((&session["userName"], &session["provider"]), (&json!(self.name), &json!(self.kind)), "{told}");
    }
}

#[tokio::test]
async fn who_is_let_in_and_as_whom_is_as_the_table_says() {
    let kinds = Kinds::start().await;
    for (number, (kind, domain, verified, outcomes)) in ROWS.iter().enumerate() {
        for (before, expected) in EVERYBODY.into_iter().zip(outcomes) {
            let name = format!("person-{number}-{before:?}").to_lowercase();
            let case = Case { kinds: &kinds, name, kind, domain: *domain, verified: *verified, before };
            case.must_end_as(*expected).await;
        }
    }
}
