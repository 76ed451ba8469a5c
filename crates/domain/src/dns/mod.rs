//! DNS records of an app: which names it is served under, what that asks of the zones, and whose a record is.
//!
//! What is decided here is pure: a driver reads zones and records, has them judged, and writes what came of it.

mod host;
mod policy;
mod records;

pub use host::{Address, DomainName, InvalidDomainName};
pub use policy::{Decision, DesiredRecord, DesiredRecords, Unserved, decide, desired_records, destroy};
pub use records::{Owner, RecordKind, RecordSet, Visibility, Zone};

use crate::cluster::ChangeAction;

/// How long a resolver may keep an answer, in seconds, where a record set is made. One that is there keeps its own.
pub const TTL: u32 = 300;

/// A name that an app is served under, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The name, as it is written there. Empty: what is written there names none.
    pub host: String,
    /// Its addresses as they are written there. None yet: it has been asked for, and nothing answers so far.
    pub addresses: Vec<String>,
    /// Where it is written: `Ingress shop/web`.
    pub source: String,
    /// Why it is not to be published, whatever its addresses: only what the cluster's own ingress serves is.
    pub refused: Option<Refused>,
}

/// Why something that names a host is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why, as one word.
    pub reason: GapReason,
    /// Why, as a sentence.
    pub message: String,
}

/// What was or would be done to one record set, or why it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// Made, changed, deleted, left as it is, or in the way.
    pub action: ChangeAction,
    /// The whole name.
    pub host: String,
    /// Its type.
    pub kind: RecordKind,
    /// What it says, or is to say.
    pub values: Vec<String>,
    /// The cloud's own id of its zone.
    pub zone: String,
    /// Who sees the zone.
    pub visibility: Visibility,
    /// Why, in a few words.
    pub reason: String,
}

/// Why no record can be made for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GapReason {
    /// No configured zone ends the name.
    NoZone,
    /// It has no address yet.
    NoAddress,
    /// Its address is a name, and the top of a zone cannot be an alias.
    AliasAtApex,
    /// Its addresses do not fit into one record set: a name and something else.
    MixedAddresses,
    /// It is no name that DNS can hold.
    InvalidName,
    /// What is to be served names no host.
    NoHost,
    /// Another ingress than the cluster's own serves it.
    OtherIngress,
    /// Nothing serves it.
    NotServed,
    /// Other name servers answer for it: the zone hands it on.
    Delegated,
}

impl GapReason {
    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoZone => "noZone",
            Self::NoAddress => "noAddress",
            Self::AliasAtApex => "aliasAtApex",
            Self::MixedAddresses => "mixedAddresses",
            Self::InvalidName => "invalidName",
            Self::NoHost => "noHost",
            Self::OtherIngress => "otherIngress",
            Self::NotServed => "notServed",
            Self::Delegated => "delegated",
        }
    }
}

/// A name that is served and not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGap {
    /// The name, as it is written. Empty: none is.
    pub host: String,
    /// Where it is written.
    pub source: String,
    /// Why, as one word.
    pub reason: GapReason,
    /// Why, as a sentence.
    pub message: String,
}

/// What became of the records of an app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsReport {
    /// The record sets, by zone and name.
    pub records: Vec<RecordChange>,
    /// The names that are served and not published.
    pub gaps: Vec<HostGap>,
}

impl DnsReport {
    /// Those of one kind.
    pub fn of(&self, action: ChangeAction) -> impl Iterator<Item = &RecordChange> {
        self.records.iter().filter(move |record| record.action == action)
    }

    /// Whether anything was or would be written.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.records
            .iter()
            .any(|record| !matches!(record.action, ChangeAction::Keep | ChangeAction::Block))
    }

    /// Whether every name that is served is published.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty() && self.of(ChangeAction::Block).next().is_none()
    }
}
