//! How a simulated login is written: for people, stage by stage, or as one JSON document.

use std::fmt::Write;

use anyhow::Context;
use serde_json::{Value, json};

use crate::domain::{
    simulation::Simulation,
    trace::{Stage, Step},
};

/// What the manifests alone cannot tell.
const ASSUMED: [&str; 2] =
    ["the claims are all that the provider says, and verified", "nobody else has the user name or the e-mail address"];
const NEW: &str = "the person signs in for the first time";
const KNOWN: &str = "an administrator has made the person known, with the same user ID, user name and e-mail address";

/// What `simulate` prints. The shape of its JSON is in the reference of the command line.
pub struct Report {
    pub simulation: Simulation,
    pub notes: Vec<String>,
}

impl Report {
    /// For people.
    pub fn text(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        let mut stage = None;
        for step in &self.simulation.steps {
            if stage != Some(step.stage) {
                let gap = if stage.is_some() { "\n" } else { "" };
                writeln!(text, "{gap}{}", heading(step.stage))?;
                stage = Some(step.stage);
            }
            writeln!(text, "  {}", line(step))?;
        }
        if stage.is_some() {
            text.push('\n');
        }
        for note in &self.notes {
            writeln!(text, "note: {note}")?;
        }
        writeln!(text, "Assumed: {}.\n", self.assumed().join("; "))?;
        match &self.simulation.outcome {
            Ok(_) => {
                writeln!(text, "The person would be signed in as\n{}", serde_json::to_string_pretty(&self.user()?)?)?
            }
            Err(why) => writeln!(text, "The person would not get in: {why}")?,
        }
        Ok(text)
    }

    /// For programs.
    pub fn json(&self) -> anyhow::Result<String> {
        let Simulation { steps, outcome, .. } = &self.simulation;
        let refused = outcome.as_ref().err();
        let report = json!({
            "steps": steps, "notes": self.notes, "assumed": self.assumed(), "refused": refused, "user": self.user()?,
        });
        Ok(serde_json::to_string_pretty(&report)? + "\n")
    }

    fn assumed(&self) -> [&'static str; 3] {
        let [claims, alone] = ASSUMED;
        [claims, if self.simulation.known_before { KNOWN } else { NEW }, alone]
    }

    /// As `/session` shows it, but for the id, which is made at a login; null when the person is refused.
    fn user(&self) -> anyhow::Result<Value> {
        let Ok(outcome) = &self.simulation.outcome else { return Ok(Value::Null) };
        let mut user = serde_json::to_value(outcome).context("the user cannot be written as JSON")?;
        if let Some(members) = user.as_object_mut() {
            members.shift_remove("id");
        }
        Ok(user)
    }
}

fn heading(stage: Stage) -> &'static str {
    match stage {
        Stage::Person => "Person: what the claims say",
        Stage::ClaimValidationRules => "Rules that the claims must keep",
        Stage::Trust => "Whom the provider may sign in",
        Stage::Mappers => "Mappers",
        Stage::UpdateModes => "What a login writes",
        Stage::Fields => "Names, language and the like",
    }
}

fn line(step: &Step) -> String {
    let Step { subject, said, value, problem, .. } = step;
    let value = value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    let problem = problem.map(|problem| format!(" [{}]", problem.code())).unwrap_or_default();
    format!("{subject}{value}: {said}{problem}")
}
