//! Whose a domain is: the older provider's, until the manifests say otherwise.

use super::{GLOBEX, discover_here};
use crate::support::{
    AT_ONCE, claimed::latchkey_with, fake::Fake, latchkey::Latchkey, manifests, source::On, visitor::Visitor, wait_for,
    wait_within,
};

on_both_sources! {
    of_two_providers_that_ask_for_a_domain_the_first_has_it_until_it_gives_it_up,
    a_domain_that_strangers_share_is_refused_with_what_to_write,
    a_domain_that_comes_or_goes_counts_at_once,
}

const IDP: &str = "identityprovider";
const READY: [&str; 3] = ["Ready", "True", "Succeeded"];
const CONFLICT: [&str; 3] = ["Accepted", "False", "DomainConflict"];

fn with_domains(name: &str, fake: &Fake, domains: &str) -> String {
    manifests::provider(name, &fake.issuer, &format!("  trust: {{assignedEmailDomains: [{domains}]}}\n"))
}

/// Waits until the people of a domain are sent to this provider.
async fn wait_until_led(latchkey: &Latchkey, domain: &str, key: &str) {
    let to = latchkey.at(&format!("login/{key}?"));
    wait_within(AT_ONCE, &format!("{domain} leads to {key}"), async || {
        let answer = discover_here(&Visitor::new(), latchkey, &format!("ann@{domain}")).await;
        answer.location()?.starts_with(&to).then_some(())
    })
    .await;
}

async fn start(on: On) -> Latchkey {
    Latchkey::start_on(on, &[("secret.yaml", &manifests::usual_secret())]).await
}

async fn of_two_providers_that_ask_for_a_domain_the_first_has_it_until_it_gives_it_up(on: On) {
    let (fake, latchkey) = (Fake::start().await, start(on).await);
    latchkey.write("alpha.yaml", &with_domains("alpha", &fake, "contoso.example, bücher.example")).await;
    latchkey.wait_for_condition(IDP, "alpha", READY).await;
    latchkey.write("beta.yaml", &with_domains("beta", &fake, "fabrikam.example, Contoso.Example")).await;
    latchkey.write("gamma.yaml", &with_domains("gamma", &fake, "xn--bcher-kva.example")).await;
    latchkey.write("delta.yaml", &with_domains("delta", &fake, "sub.contoso.example")).await;
    for name in ["beta", "gamma"] {
        let message = latchkey.wait_for_condition(IDP, name, CONFLICT).await;
        let owner = format!("{}/alpha", latchkey.organization());
        let told = message.contains("spec.trust.assignedEmailDomains") && message.contains(&owner);
        assert!(told && message.contains("remove it here or there"), "{message}");
        assert!(latchkey.condition(IDP, name, "Stalled").await.is_some(), "{name}");
        assert_eq!(Visitor::new().get(&latchkey.at(&format!("login/{name}"))).await.status, 503, "{name}");
    }
    latchkey.wait_for_condition(IDP, "delta", READY).await;
    wait_until_led(&latchkey, "contoso.example", "alpha").await;
    wait_until_led(&latchkey, "sub.contoso.example", "delta").await;
    assert_eq!(latchkey.condition(IDP, "alpha", "Ready").await.expect("Ready").status, "True", "the older goes on");
    // Another organization may have the same.
    let theirs = with_domains("theirs", &fake, "contoso.example") + super::AT_GLOBEX;
    latchkey.write("globex.yaml", &format!("{GLOBEX}---\n{theirs}")).await;
    latchkey.wait_for_condition(IDP, "theirs", READY).await;
    wait_until_led(&latchkey, "contoso.example", "alpha").await;
    // It gives up one by its manifest, and the other by leaving.
    latchkey.edit("alpha.yaml", "contoso.example, ", "").await;
    latchkey.wait_within_for_condition(AT_ONCE, IDP, "beta", READY).await;
    wait_until_led(&latchkey, "contoso.example", "beta").await;
    latchkey.remove("alpha.yaml").await;
    latchkey.wait_within_for_condition(AT_ONCE, IDP, "gamma", READY).await;
    wait_until_led(&latchkey, "bücher.example", "gamma").await;
}

async fn a_domain_that_strangers_share_is_refused_with_what_to_write(on: On) {
    let (fake, latchkey) = (Fake::start().await, start(on).await);
    for (name, domain, said) in [
        ("webmail", "gmail.com", "belongs to a webmail service"),
        ("webmail-in-capitals", "GMail.Com", "belongs to a webmail service"),
        ("suffix", "co.uk", "is a public suffix"),
        ("private-suffix", "github.io", "is a public suffix"),
        ("address", "127.0.0.1", "write it such as contoso.com"),
        ("address-in-disguise", "0x7f.1", "write it such as contoso.com"),
    ] {
        latchkey.write(&format!("{name}.yaml"), &with_domains(name, &fake, &format!("{name}.example, {domain}"))).await;
        let message = latchkey.wait_for_condition(IDP, name, ["Accepted", "False", "InvalidCombination"]).await;
        let told = message.contains("spec.trust.assignedEmailDomains") && message.contains(domain);
        assert!(told && message.contains(said), "{name}: {message}");
        let answer = discover_here(&Visitor::new(), &latchkey, &format!("ann@{domain}")).await;
        assert_ne!(answer.status, 303, "{domain} leads nowhere");
    }
    // What lies below is somebody's.
    latchkey.write("good.yaml", &with_domains("good", &fake, "contoso.co.uk, contoso.github.io")).await;
    latchkey.wait_for_condition(IDP, "good", READY).await;
    wait_until_led(&latchkey, "contoso.co.uk", "good").await;
}

async fn a_domain_that_comes_or_goes_counts_at_once(on: On) {
    let (fake, latchkey) = (Fake::start().await, start(on).await);
    latchkey.write("plain.yaml", &manifests::provider("plain", &fake.issuer, "")).await;
    latchkey.write("alpha.yaml", &with_domains("alpha", &fake, "contoso.example")).await;
    latchkey.wait_for_condition(IDP, "alpha", READY).await;
    wait_until_led(&latchkey, "contoso.example", "alpha").await;
    latchkey.edit("alpha.yaml", "[contoso.example]", "[contoso.example, fabrikam.example]").await;
    wait_until_led(&latchkey, "fabrikam.example", "alpha").await;
    latchkey.edit("alpha.yaml", "[contoso.example, fabrikam.example]", "[fabrikam.example]").await;
    wait_within(AT_ONCE, "contoso.example leads nowhere any more", async || {
        let answer = discover_here(&Visitor::new(), &latchkey, "ann@contoso.example").await;
        (answer.status == 404).then_some(())
    })
    .await;
    wait_until_led(&latchkey, "fabrikam.example", "alpha").await;
}

#[tokio::test]
async fn every_one_of_a_hundred_domains_leads_there_and_of_as_many_as_there_may_be() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&[("plain", &fake, "")]).await;
    for count in [100, 256] {
        let domains: Vec<_> = (0..count).map(|number| format!("d{number}.example")).collect();
        latchkey.write("many.yaml", &with_domains("many", &fake, &domains.join(", "))).await;
        let last = &domains[count - 1];
        wait_for("the last one leads there", async || {
            let answer = discover_here(&Visitor::new(), &latchkey, &format!("ann@{last}")).await;
            (answer.status == 303).then_some(())
        })
        .await;
        // Nobody asks so often from one address.
        let visitors = [Visitor::new(), Visitor::new()];
        for (number, domain) in domains.iter().enumerate() {
            let answer = discover_here(&visitors[number % 2], &latchkey, &format!("ann@{domain}")).await;
            let to = latchkey.at(&format!("login/many?login_hint=ann%40{domain}"));
            assert_eq!(answer.location(), Some(to), "{domain}");
        }
    }
}
