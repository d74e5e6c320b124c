//! The table of outcomes: provisioning × match × trust × verified × who is known. What must come of each case is written
//! down in `outcomes.txt`, one case a line, by the rules of `oracle`; every line is played against the real process.
//!
//! Dimensions are dropped where they cannot matter. What a provider says of an address matters to whom it leads only
//! where addresses lead anywhere (`Email`, and a domain or global), and else only to what is noted, which the default
//! order shows. An address that is not verified here leads nowhere, whatever the provider says. Whose namesake a user is
//! matters only where names lead anywhere; who is let in at all does not depend on the order.

mod cases;
mod oracle;
mod play;

use std::{fmt::Write, path::PathBuf};

use self::{
    cases::{Address, Case, Says, Way},
    oracle::{Outcome, Tie, Written, outcome},
};

const HEAD: &str = "\
# What comes of a login: by users.provisioning, users.match and trust of the provider; by whether the address is verified
# (yes: the provider says so; no: it says not; trusted: it says not, and trustEmail is true); and by who is known before.
# A login is refused with a code, is of a new user, or of the same user as one who was known, and then: whether the user
# has the name and the address that were brought (or keeps others), on whose word the address is verified, and whom the
# user is linked to. What is not told stays as it was.
";

fn table_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/system/users/outcomes.txt")
}

fn table(cases: &[Case]) -> String {
    let mut text = HEAD.to_owned();
    let mut before = "";
    for (number, case) in cases.iter().enumerate() {
        if case.known.told != before {
            before = case.known.told;
            writeln!(text, "\n## Known before: {before}").expect("text");
        }
        writeln!(text, "{}", line(number, case)).expect("text");
    }
    text
}

fn line(number: usize, case: &Case) -> String {
    let provider = &case.provider;
    let order: Vec<_> = provider.order.iter().map(|way| format!("{way:?}")).collect();
    let (provisioning, order) = (format!("{:?}", provider.provisioning), order.join(" "));
    let trust = format!("{:?}", provider.trust).to_lowercase();
    let verified = match case.says {
        Says::Verified => "yes",
        Says::Unverified => "no",
        Says::Trusted => "trusted",
    };
    let outcome = told(&outcome(case), case.known.brings);
    format!("{number:3}  {provisioning:15}  {order:25}  {trust:6}  {verified:7}  {outcome}")
}

fn told(outcome: &Outcome, brought: Address) -> String {
    match outcome {
        Outcome::Refused(code) => format!("refused: {code}"),
        Outcome::New(written) => format!("a new user: {}", written.told(brought)),
        Outcome::Same(who, written) => format!("the same as {who}: {}", written.told(brought)),
    }
}

impl Written {
    fn told(&self, brought: Address) -> String {
        let name = if self.has_the_name { "name brought" } else { "name kept" };
        let address = match self.address {
            Address::None => "no address",
            address if address == brought => "address brought",
            Address::Usual | Address::Another | Address::Owned => "address kept",
        };
        let verified = match self.verified {
            Some(by) => format!(" (verified by {by})"),
            None if self.address == Address::None => String::new(),
            None => " (not verified)".to_owned(),
        };
        let links: Vec<_> = self.links.iter().map(|tie| tie.told()).collect();
        format!("{name}, {address}{verified}, linked to {}", links.join(" and "))
    }
}

impl Tie {
    fn told(self) -> &'static str {
        match self {
            Self::Person => "the person",
            Self::OtherPerson => "another ID of the provider",
            Self::OfTwin => "another ID of another provider",
            Self::OfGone => "another ID of a provider that is gone",
            Self::Elsewhere => "another issuer",
        }
    }
}

#[test]
fn the_table_of_outcomes_is_what_the_rules_say() {
    let (file, expected) = (table_file(), table(&Case::all()));
    if std::env::var_os("WRITE_OUTCOMES").is_some() {
        std::fs::write(&file, &expected).expect("written");
    }
    let found = std::fs::read_to_string(&file).expect("the table");
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len(), "set WRITE_OUTCOMES to write the table anew");
}

#[test]
fn no_way_of_matching_is_left_out() {
    let cases = Case::all();
    assert!((300..1000).contains(&cases.len()), "{}", cases.len());
    for way in [Way::ExternalID, Way::Email, Way::UserName] {
        assert!(cases.iter().any(|case| case.provider.order.first() == Some(&way)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_of_every_login_is_what_the_table_says() {
    play::every_case(&Case::all()).await;
}
