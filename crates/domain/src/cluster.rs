//! What a driver answers about clusters: plans, checks and how a cluster stands.

use std::fmt;

use time::OffsetDateTime;

use crate::hint::Hint;
use crate::secret::Secret;

/// What would be done to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeAction {
    /// It would be made.
    Create,
    /// It would be changed.
    Update,
    /// It would be deleted.
    Delete,
    /// It stays, and is worth knowing about.
    Keep,
    /// It stands in the way until somebody decides.
    Block,
}

impl ChangeAction {
    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Keep => "keep",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for ChangeAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What would be done.
    pub action: ChangeAction,
    /// The resource, by the cloud's own id or by what it will be called.
    pub resource: String,
    /// Why, or what about it: a few words.
    pub reason: String,
}

/// Something that the cluster is made from, and that differs from what it was made from last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputChange {
    /// What it is called.
    pub name: String,
    /// What it was. None if it was not there.
    pub from: Option<String>,
    /// What it would be. None if it is no longer there.
    pub to: Option<String>,
}

/// What an operation would do, or did. An empty one does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The changes, in the order in which they would be made.
    pub changes: Vec<Change>,
    /// Why: what differs in what the cluster is made from. Values of secrets are never in here.
    pub inputs: Vec<InputChange>,
}

impl Plan {
    /// Whether carrying it out would change anything, or cannot be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
            && self
                .changes
                .iter()
                .all(|change| change.action == ChangeAction::Keep)
    }

    /// The changes of one kind.
    pub fn of(&self, action: ChangeAction) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.action == action)
    }
}

/// One statement about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it is about, in camel case: `provisioned`, `attachRoleMissing`.
    pub kind: String,
    /// True, false, or not known.
    pub status: Option<bool>,
    /// Why, as one word in camel case.
    pub reason: String,
    /// Why, as a sentence.
    pub message: String,
}

/// A pool of machines of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// What it is for, in the cloud's own word: `System`, `User`.
    pub mode: Option<String>,
    /// What its machines are.
    pub machine: Option<String>,
    /// How many machines there are.
    pub count: Option<u64>,
    /// The zones it is spread over.
    pub zones: Vec<String>,
    /// The Kubernetes version that its machines run.
    pub kubernetes_version: Option<String>,
    /// The cloud's word for how it stands.
    pub state: Option<String>,
}

/// What is known about a cluster. Whatever could not be read is `None`, and a condition says why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterStatus {
    /// Whether somebody else made it.
    pub existing: bool,
    /// Whether anything of it is there at all, however broken.
    pub found: Option<bool>,
    /// Whether everything it needs in the cloud is there and well.
    pub provisioned: Option<bool>,
    /// Whether its ingress is there and available.
    pub installed: Option<bool>,
    /// What the cloud is doing about it right now, in a few words. None: nothing, or not known.
    pub under_way: Option<String>,
    /// The cloud's own id of the cluster.
    pub handle: Option<String>,
    /// The ingress's public address.
    pub ingress_global_ip: Option<String>,
    /// The ingress's name.
    pub ingress_fqdn: Option<String>,
    /// The Kubernetes version that runs.
    pub kubernetes_version: Option<String>,
    /// The cloud's word for whether it runs or is stopped.
    pub power_state: Option<String>,
    /// Addresses of the API server: what kind (`public`, `private`), and the address.
    pub addresses: Vec<(String, String)>,
    /// Its pools of machines.
    pub pools: Vec<Pool>,
    /// What differs from the configuration.
    pub drift: Vec<Change>,
    /// Everything that is worth saying.
    pub conditions: Vec<Condition>,
}

/// A token for the API server of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// Until when it is good.
    pub expires_at: OffsetDateTime,
}

/// What came out of looking at one thing before it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It is as it must be.
    Pass,
    /// It could not be looked at.
    Unknown,
    /// It works, but somebody should know.
    Warn,
    /// Provisioning would fail.
    Fail,
}

impl Verdict {
    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that was looked at in the cloud before it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, as one word in camel case: `identity`, `permissions`, `quota`.
    pub kind: String,
    /// What came out.
    pub verdict: Verdict,
    /// What was found: a sentence.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<Hint>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(action: ChangeAction) -> Plan {
        Plan {
            changes: vec![Change {
                action,
                resource: "x".to_owned(),
                reason: String::new(),
            }],
            inputs: Vec::new(),
        }
    }

    #[test]
    fn a_plan_that_only_keeps_is_empty_and_every_other_is_not() {
        assert!(Plan::default().is_empty());
        assert!(plan(ChangeAction::Keep).is_empty());
        for action in [
            ChangeAction::Create,
            ChangeAction::Update,
            ChangeAction::Delete,
            ChangeAction::Block,
        ] {
            assert!(!plan(action).is_empty(), "{action}");
        }
        let inputs = vec![InputChange {
            name: "version".to_owned(),
            from: None,
            to: Some("1".to_owned()),
        }];
        let changed = Plan {
            inputs,
            ..Plan::default()
        };
        assert!(!changed.is_empty());
    }

    #[test]
    fn the_worst_verdict_is_the_greatest() {
        let verdicts = [Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::Pass];
        assert_eq!(verdicts.iter().max(), Some(&Verdict::Fail));
    }
}
