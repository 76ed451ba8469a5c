//! What is to be done about the records of an app: made, changed, deleted, left, or not touched because they are
//! somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{Address, DomainName};
use super::records::{Owner, RecordKind, RecordSet, Zone};
use super::{GapReason, HostGap, Served};
use crate::cluster::ChangeAction;

/// A record set that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredRecord {
    /// Which of the zones.
    pub zone: usize,
    /// Its name in the zone.
    pub name: String,
    /// Its type: one that leads to an app.
    pub kind: RecordKind,
    /// What it should say.
    pub values: BTreeSet<String>,
    /// Where it is written that it is served.
    pub source: String,
}

/// A name that is served and whose records are left as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unserved {
    /// Which of the zones.
    pub zone: usize,
    /// Its name in the zone.
    pub name: String,
}

/// What an app asks of the zones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DesiredRecords {
    /// The record sets that should be there.
    pub records: Vec<DesiredRecord>,
    /// Names whose records cannot be said yet: nothing is deleted there.
    pub unserved: BTreeSet<Unserved>,
    /// The names that cannot be published.
    pub gaps: Vec<HostGap>,
}

/// What is to be done about one record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which of the zones.
    pub zone: usize,
    /// Its name in the zone.
    pub name: String,
    /// Its type.
    pub kind: RecordKind,
    /// Made, changed, deleted, kept, or somebody else's and in the way.
    pub action: ChangeAction,
    /// What it should say; of one that is kept or deleted, what it says.
    pub values: BTreeSet<String>,
    /// The one that is there.
    pub there: Option<RecordSet>,
    /// Why, in a few words.
    pub reason: String,
}

impl Decision {
    /// The whole name.
    #[must_use]
    pub fn host(&self, zones: &[Zone]) -> String {
        let host = zones
            .get(self.zone)
            .and_then(|zone| DomainName::of_record(&self.name, &zone.name).ok());
        host.map_or_else(|| self.name.clone(), |host| host.to_string())
    }
}

/// What an app that is served so asks of these zones.
///
/// A name belongs to the zones with the longest name that ends it: to several where they have the same name, as one
/// that everybody sees and one for a network have.
#[must_use]
pub fn desired_records(served: &[Served], zones: &[Zone]) -> DesiredRecords {
    let mut desired = DesiredRecords::default();
    let mut hosts: BTreeMap<DomainName, (&Served, BTreeSet<&str>)> = BTreeMap::new();
    for one in served {
        if let Some(refused) = &one.refused {
            desired
                .gaps
                .push(gap(one, refused.reason, refused.message.clone()));
            // Whatever leads there is left as it is.
            if let Ok(host) = one.host.parse() {
                let places = places(&host, zones).into_iter();
                desired
                    .unserved
                    .extend(places.map(|(zone, name)| Unserved { zone, name }));
            }
            continue;
        }
        match one.host.parse::<DomainName>() {
            Ok(host) => {
                let known = hosts.entry(host).or_insert_with(|| (one, BTreeSet::new()));
                known.1.extend(one.addresses.iter().map(String::as_str));
            }
            Err(error) => desired
                .gaps
                .push(gap(one, GapReason::InvalidName, error.to_string())),
        }
    }
    for (host, (one, addresses)) in &hosts {
        let places = places(host, zones);
        if places.is_empty() {
            let message = "no configured zone holds this name".to_owned();
            desired.gaps.push(gap(one, GapReason::NoZone, message));
            continue;
        }
        let values = match values(addresses) {
            Ok(values) if values.contains_key(&RecordKind::Cname) && places.iter().any(is_apex) => Err((
                GapReason::AliasAtApex,
                format!(
                    "{host} is the top of its zone, which cannot be an alias of {}: give the load balancer an IP \
                     address, or serve the app under another name",
                    values
                        .values()
                        .flatten()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )),
            other => other.map_err(|reason| {
                let message = match reason {
                    GapReason::NoAddress => "it has no address yet".to_owned(),
                    _ => format!(
                        "the addresses of {host} do not fit into one record set: {}",
                        addresses.iter().copied().collect::<Vec<_>>().join(", ")
                    ),
                };
                (reason, message)
            }),
        };
        match values {
            Ok(values) => {
                for (zone, name) in places {
                    desired
                        .records
                        .extend(values.iter().map(|(kind, values)| DesiredRecord {
                            zone,
                            name: name.clone(),
                            kind: *kind,
                            values: values.clone(),
                            source: one.source.clone(),
                        }));
                }
            }
            Err((reason, message)) => {
                desired.gaps.push(gap(one, reason, message));
                desired
                    .unserved
                    .extend(places.into_iter().map(|(zone, name)| Unserved { zone, name }));
            }
        }
    }
    desired
}

impl DesiredRecords {
    /// The same without what these zones hand on: at and below a name with name servers of its own nobody asks the
    /// zone, so a record there is seen by nobody and may be in the way of what the others say. `records` are the
    /// record sets of each zone.
    #[must_use]
    pub fn without_delegated(mut self, zones: &[Zone], records: &[Vec<RecordSet>]) -> Self {
        let (kept, delegated): (Vec<_>, Vec<_>) = self
            .records
            .into_iter()
            .map(|wanted| (delegation(&wanted, records), wanted))
            .partition(|(cut, _)| cut.is_none());
        self.records = kept.into_iter().map(|(_, wanted)| wanted).collect();
        let mut told = BTreeSet::new();
        for (cut, wanted) in delegated {
            let whole = |name: &str| {
                let host = zones
                    .get(wanted.zone)
                    .and_then(|zone| DomainName::of_record(name, &zone.name).ok());
                host.map_or_else(|| name.to_owned(), |host| host.to_string())
            };
            if told.insert((wanted.zone, wanted.name.clone())) {
                let visibility = zones.get(wanted.zone).map_or("", |zone| zone.visibility.as_str());
                let cut = cut.map_or_else(String::new, |set| whole(&set.name));
                self.gaps.push(HostGap {
                    host: whole(&wanted.name),
                    source: wanted.source,
                    reason: GapReason::Delegated,
                    message: format!(
                        "NS records of {cut} in the {visibility} zone hand it to other name servers: publish it there"
                    ),
                });
            }
            self.unserved.insert(Unserved {
                zone: wanted.zone,
                name: wanted.name,
            });
        }
        self
    }
}

/// The NS records at or above a name and below the top of its zone.
fn delegation<'a>(wanted: &DesiredRecord, records: &'a [Vec<RecordSet>]) -> Option<&'a RecordSet> {
    let sets = records.get(wanted.zone).map_or(&[][..], Vec::as_slice);
    let name = wanted.name.to_ascii_lowercase();
    sets.iter().find(|set| {
        let cut = set.name.to_ascii_lowercase();
        let is_at_or_above = name
            .strip_suffix(cut.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        set.written_kind.eq_ignore_ascii_case("NS") && cut != "@" && is_at_or_above
    })
}

fn gap(served: &Served, reason: GapReason, message: String) -> HostGap {
    HostGap {
        host: served.host.clone(),
        source: served.source.clone(),
        reason,
        message,
    }
}

/// The zones that a name belongs to, and what it is called there.
fn places(host: &DomainName, zones: &[Zone]) -> Vec<(usize, String)> {
    let fitting = zones
        .iter()
        .enumerate()
        .filter_map(|(place, zone)| Some((place, zone, host.within(&zone.name)?)));
    let longest = fitting.clone().map(|(_, zone, _)| zone.name.as_str().len()).max();
    fitting
        .filter(|(_, zone, _)| Some(zone.name.as_str().len()) == longest)
        .map(|(place, _, name)| (place, name.to_owned()))
        .collect()
}

fn is_apex((_, name): &(usize, String)) -> bool {
    name == "@"
}

/// The record sets that lead to these addresses.
fn values(addresses: &BTreeSet<&str>) -> Result<BTreeMap<RecordKind, BTreeSet<String>>, GapReason> {
    let mut values: BTreeMap<RecordKind, BTreeSet<String>> = BTreeMap::new();
    for address in addresses {
        let (kind, value) = match address.parse() {
            Ok(Address::V4(address)) => (RecordKind::A, address.to_string()),
            Ok(Address::V6(address)) => (RecordKind::Aaaa, address.to_string()),
            Ok(Address::Name(name)) => (RecordKind::Cname, name.to_string()),
            Err(_) => return Err(GapReason::MixedAddresses),
        };
        values.entry(kind).or_default().insert(value);
    }
    match values.get(&RecordKind::Cname) {
        None if values.is_empty() => Err(GapReason::NoAddress),
        Some(names) if names.len() > 1 || values.len() > 1 => Err(GapReason::MixedAddresses),
        _ => Ok(values),
    }
}

/// What is to be done so that the zones hold what is wanted. `records` are the record sets of each zone.
///
/// What is ours and no longer wanted is deleted only if `whole` says that everything the app serves was looked at.
/// What has to go before something else can come stands before it.
#[must_use]
pub fn decide(
    owner: &Owner,
    desired: &DesiredRecords,
    records: &[Vec<RecordSet>],
    whole: bool,
) -> Vec<Decision> {
    let mut names: BTreeSet<(usize, String)> = desired
        .records
        .iter()
        .map(|wanted| (wanted.zone, wanted.name.clone()))
        .collect();
    names.extend(owned_names(owner, records));
    let mut decisions = Vec::new();
    for (zone, name) in names {
        let wanted: Vec<&DesiredRecord> = desired
            .records
            .iter()
            .filter(|wanted| wanted.zone == zone && wanted.name == name)
            .collect();
        let there = at(records, zone, &name);
        if wanted.is_empty() {
            let pending = desired.unserved.contains(&Unserved {
                zone,
                name: name.clone(),
            });
            let (action, reason) = match (pending, whole) {
                (true, _) => (ChangeAction::Keep, "served, but cannot be published now"),
                (false, true) => (ChangeAction::Delete, "no longer served"),
                (false, false) => (ChangeAction::Keep, "not in what was looked at"),
            };
            let ours = there.into_iter().filter(|set| owner.owns(set));
            decisions.extend(ours.filter_map(|set| of(zone, set, action, reason)));
            continue;
        }
        decisions.extend(at_name(owner, zone, &wanted, &there));
    }
    decisions
}

/// What is to be done so that nothing of the app is left. `records` are the record sets of each zone.
#[must_use]
pub fn destroy(owner: &Owner, records: &[Vec<RecordSet>]) -> Vec<Decision> {
    owned_names(owner, records)
        .into_iter()
        .flat_map(|(zone, name)| {
            at(records, zone, &name).into_iter().filter_map(move |set| {
                if owner.owns(set) {
                    of(zone, set, ChangeAction::Delete, "made for this app")
                } else {
                    of(zone, set, ChangeAction::Keep, set.whose())
                }
            })
        })
        .collect()
}

/// The names under which something of the app stands, in small letters.
fn owned_names(owner: &Owner, records: &[Vec<RecordSet>]) -> BTreeSet<(usize, String)> {
    let sets = records
        .iter()
        .enumerate()
        .flat_map(|(zone, sets)| sets.iter().map(move |set| (zone, set)));
    sets.filter(|(_, set)| owner.owns(set))
        .map(|(zone, set)| (zone, set.name.to_ascii_lowercase()))
        .collect()
}

/// Everything of one name.
fn at<'a>(records: &'a [Vec<RecordSet>], zone: usize, name: &str) -> Vec<&'a RecordSet> {
    let sets = records.get(zone).map_or(&[][..], Vec::as_slice);
    sets.iter()
        .filter(|set| set.name.eq_ignore_ascii_case(name))
        .collect()
}

/// About a record set that is there; nothing about one that leads nobody to an app.
fn of(zone: usize, set: &RecordSet, action: ChangeAction, reason: impl Into<String>) -> Option<Decision> {
    (set.kind() != RecordKind::Other).then(|| Decision {
        zone,
        name: set.name.clone(),
        kind: set.kind(),
        action,
        values: set.values.clone(),
        there: Some(set.clone()),
        reason: reason.into(),
    })
}

/// About one name, of which at least one record set is wanted.
fn at_name(owner: &Owner, zone: usize, wanted: &[&DesiredRecord], there: &[&RecordSet]) -> Vec<Decision> {
    let alias = wanted.iter().any(|wanted| wanted.kind == RecordKind::Cname);
    let is_wanted = |kind: RecordKind| wanted.iter().any(|wanted| wanted.kind == kind);
    let mut decisions = Vec::new();
    // Ours that nobody asks for any more: an alias and anything else cannot stand side by side.
    for set in there.iter().filter(|set| !is_wanted(set.kind())) {
        if owner.owns(set) {
            decisions.extend(of(zone, set, ChangeAction::Delete, "no longer wanted"));
        } else if !alias && set.kind() != RecordKind::Cname {
            decisions.extend(of(zone, set, ChangeAction::Keep, set.whose()));
        }
    }
    // Somebody else's beside which the wanted one cannot stand.
    let excluding = there
        .iter()
        .find(|set| !owner.owns(set) && !is_wanted(set.kind()) && (alias || set.kind() == RecordKind::Cname));
    for wanted in wanted {
        let set = there.iter().find(|set| set.kind() == wanted.kind);
        let (action, reason) = match (set, excluding) {
            (Some(set), _) if owner.owns(set) && set.values == wanted.values => {
                (ChangeAction::Keep, "as wanted".to_owned())
            }
            (Some(set), _) if owner.owns(set) => {
                let said: Vec<&str> = set.values.iter().map(String::as_str).collect();
                (ChangeAction::Update, format!("was {}", said.join(", ")))
            }
            (Some(set), _) if set.values == wanted.values => {
                (ChangeAction::Keep, format!("{}, and says the same", set.whose()))
            }
            (Some(set), _) => {
                let said: Vec<&str> = set.values.iter().map(String::as_str).collect();
                let reason = format!("{}, and says {}", set.whose(), said.join(", "));
                (ChangeAction::Block, reason)
            }
            (None, Some(other)) => {
                let reason = format!(
                    "a record of type {} has the same name, and {}",
                    other.written_kind,
                    other.whose()
                );
                (ChangeAction::Block, reason)
            }
            (None, None) => (ChangeAction::Create, "served".to_owned()),
        };
        decisions.push(Decision {
            zone,
            name: wanted.name.clone(),
            kind: wanted.kind,
            action,
            values: wanted.values.clone(),
            there: set.map(|set| (*set).clone()),
            reason,
        });
    }
    decisions
}

#[cfg(test)]
mod tests;
