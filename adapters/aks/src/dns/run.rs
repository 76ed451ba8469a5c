//! Carrying out what was decided: each name by itself, several at once, every write on the condition that what was read
//! still holds.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::cluster::ChangeAction;
use kompox_domain::dns::{
    Decision, DnsReport, DomainName, GapReason, HostGap, Owner, RecordChange, RecordSet, TTL, Visibility,
    Zone,
};
use kompox_domain::error::FailedOperation;
use kompox_domain::{Error, ErrorKind, Mode, Result};

use super::wire;
use super::zones::{read, read_all, record_id, record_url};
use crate::advice::to_domain;
use crate::session::Session;

/// How many names are written at once.
const AT_ONCE: usize = 8;

/// Decides what is to be done about record sets.
pub(super) trait PlanRecords {
    /// What is to be done where each zone holds this.
    fn plan(&self, zones: &[Zone], records: &[Vec<RecordSet>]) -> RecordPlan;

    /// Whose record sets are made.
    fn owner(&self) -> &Owner;
}

/// What is to be done, and what cannot be.
#[derive(Debug, Default)]
pub(super) struct RecordPlan {
    pub(super) decisions: Vec<Decision>,
    pub(super) gaps: Vec<HostGap>,
}

/// One run over the zones.
pub(super) struct ZoneRun<'a> {
    pub(super) session: Session<'a>,
    pub(super) zones: Vec<Zone>,
    pub(super) planner: &'a (dyn PlanRecords + Sync),
}

/// What became of one name: what was done about each record set, and what could not be.
#[derive(Default)]
struct Outcome {
    done: Vec<Decision>,
    failed: Vec<(String, Error)>,
    /// What cannot be published after all.
    gaps: Vec<HostGap>,
}

/// How one write ended.
enum Written {
    Done,
    /// Somebody else wrote since it was read.
    Overtaken(ArmError),
}

impl ZoneRun<'_> {
    /// Reads every zone, has what is there judged, and does it; what was or would be done, by zone and name.
    ///
    /// # Errors
    /// Everything that could not be read or written, in one error.
    pub(super) async fn run(&self, mode: Mode) -> Result<DnsReport> {
        let mut failed = Vec::new();
        let mut records = Vec::new();
        let mut unread = Vec::new();
        for (zone, read) in self.zones.iter().zip(read_all(self.session, &self.zones).await) {
            unread.push(read.is_err());
            records.push(read.unwrap_or_else(|error| {
                let error = to_domain(error).context(format!("cannot read zone {}", zone.name));
                failed.push((zone.id.clone(), error));
                Vec::new()
            }));
        }
        let RecordPlan {
            mut decisions,
            mut gaps,
        } = self.planner.plan(&self.zones, &records);
        // Of a zone that could not be read nothing is known.
        decisions.retain(|decision| unread.get(decision.zone) == Some(&false));
        let done = match mode {
            Mode::Plan => decisions,
            Mode::Apply => {
                let outcome = self.carry_out(decisions).await;
                failed.extend(outcome.failed);
                gaps.extend(outcome.gaps);
                outcome.done
            }
        };
        if let Some(error) = failure(failed) {
            return Err(error);
        }
        let records = done.into_iter().filter_map(|decision| self.change(decision));
        Ok(DnsReport {
            records: records.collect(),
            gaps,
        })
    }

    fn change(&self, decision: Decision) -> Option<RecordChange> {
        let zone = self.zones.get(decision.zone)?;
        Some(RecordChange {
            action: decision.action,
            host: decision.host(&self.zones),
            kind: decision.kind,
            values: decision.values.into_iter().collect(),
            zone: zone.id.clone(),
            visibility: zone.visibility,
            reason: decision.reason,
        })
    }

    /// Name by name: what happens about one does not matter to another.
    async fn carry_out(&self, decisions: Vec<Decision>) -> Outcome {
        let mut names: BTreeMap<(usize, String), Vec<Decision>> = BTreeMap::new();
        for decision in decisions {
            let name = (decision.zone, decision.name.to_ascii_lowercase());
            names.entry(name).or_default().push(decision);
        }
        let works: Vec<_> = names
            .into_iter()
            .map(|((zone, name), decisions)| self.at_name(zone, name, decisions))
            .collect();
        let ended: Vec<Outcome> = stream::iter(works).buffered(AT_ONCE).collect().await;
        let mut all = Outcome::default();
        for outcome in ended {
            all.done.extend(outcome.done);
            all.failed.extend(outcome.failed);
            all.gaps.extend(outcome.gaps);
        }
        all
    }

    /// What was overtaken is read and judged anew, once.
    async fn at_name(&self, place: usize, name: String, decisions: Vec<Decision>) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(zone) = self.zones.get(place) else {
            return outcome;
        };
        let Some(overtaken) = self.in_order(zone, decisions, &mut outcome).await else {
            return outcome;
        };
        tracing::debug!(zone = zone.id, name, error = %overtaken.1, "written by somebody else meanwhile");
        let records = match read(self.session, zone).await {
            Ok(records) => records,
            Err(error) => {
                outcome.failed.push((overtaken.0, to_domain(error)));
                return outcome;
            }
        };
        let mut all: Vec<Vec<RecordSet>> = self.zones.iter().map(|_| Vec::new()).collect();
        if let Some(of_zone) = all.get_mut(place) {
            *of_zone = records;
        }
        let RecordPlan {
            decisions: mut again,
            gaps,
        } = self.planner.plan(&self.zones, &all);
        again.retain(|decision| decision.zone == place && decision.name.eq_ignore_ascii_case(&name));
        // Somebody has handed the name on meanwhile; every other gap has been told.
        let host = DomainName::of_record(&name, &zone.name).map(|host| host.to_string());
        let is_new = |gap: &HostGap| gap.reason == GapReason::Delegated && Ok(&gap.host) == host.as_ref();
        outcome.gaps.extend(gaps.into_iter().filter(is_new));
        if let Some((resource, error)) = self.in_order(zone, again, &mut outcome).await {
            let error = to_domain(error).context("somebody else writes to the same record");
            outcome.failed.push((resource, error.with_hint("run it again")));
        }
        outcome
    }

    /// One after the other, as long as each is done: what comes first makes room. Returns where somebody was faster.
    async fn in_order(
        &self,
        zone: &Zone,
        decisions: Vec<Decision>,
        outcome: &mut Outcome,
    ) -> Option<(String, ArmError)> {
        for decision in decisions {
            let resource = record_id(zone, decision.kind.as_str(), &decision.name);
            match self.write(zone, &decision).await {
                Ok(Written::Done) => outcome.done.push(decision),
                Ok(Written::Overtaken(error)) => return Some((resource, error)),
                Err(error) => {
                    let what = format!("cannot {}", self.title(&decision));
                    outcome.failed.push((resource, to_domain(error).context(what)));
                    return None;
                }
            }
        }
        None
    }

    /// `create A www.example.com in public zone example.com`.
    fn title(&self, decision: &Decision) -> String {
        let zone = self.zones.get(decision.zone).map_or_else(String::new, |zone| {
            format!(" in {} zone {}", zone.visibility, zone.name)
        });
        let (action, kind) = (decision.action, decision.kind);
        format!("{action} {kind} {}{zone}", decision.host(&self.zones))
    }

    async fn write(&self, zone: &Zone, decision: &Decision) -> Result<Written, ArmError> {
        let Some(request) = self.request(zone, decision)? else {
            return Ok(Written::Done);
        };
        let step = self.session.cx.begin(self.title(decision));
        match step.end(self.session.arm.send(self.session.cx, &request).await) {
            Ok(_) if decision.action == ChangeAction::Delete => Ok(Written::Done),
            Ok(response) => match response.json().map(wire::Element::into_set) {
                Ok(set) if self.planner.owner().owns(&set) => Ok(Written::Done),
                // Without its marks it would be nobody's from now on.
                Ok(_) => Err(unusable(
                    &request,
                    "the zone did not keep the metadata that says whose the record is",
                )),
                // What became of it is read anew.
                Err(error) => Ok(Written::Overtaken(error)),
            },
            Err(error) if error.is_absent() && decision.action == ChangeAction::Delete => Ok(Written::Done),
            // 409: something that excludes it has come to the same name.
            Err(error) if matches!(error.status(), Some(412)) || error.code() == Some("Conflict") => {
                Ok(Written::Overtaken(error))
            }
            Err(error) => Err(error),
        }
    }

    /// The request that does it; none where nothing is to be written.
    fn request(&self, zone: &Zone, decision: &Decision) -> Result<Option<ArmRequest>, ArmError> {
        let url = || record_url(self.session.arm, zone, decision.kind.as_str(), &decision.name);
        let version = decision.there.as_ref().map_or("", |set| set.version.as_str());
        let body = || {
            let there = decision.there.as_ref();
            let mut metadata = there.map(|set| set.metadata.clone()).unwrap_or_default();
            for (name, value) in self.planner.owner().marks() {
                // Their names compare without case.
                metadata.retain(|there, _| !there.eq_ignore_ascii_case(name));
                metadata.insert(name.to_owned(), value.to_owned());
            }
            let ttl = there.map(|set| set.ttl).filter(|ttl| *ttl > 0).unwrap_or(TTL);
            let private = zone.visibility == Visibility::Private;
            wire::body(private, decision.kind, &decision.values, ttl, &metadata)
        };
        let request = match decision.action {
            ChangeAction::Keep | ChangeAction::Block => return Ok(None),
            ChangeAction::Create => return Ok(Some(ArmRequest::put(url()?, &body())?.only_new())),
            ChangeAction::Update => ArmRequest::put(url()?, &body())?,
            ChangeAction::Delete => ArmRequest::delete(url()?),
        };
        if version.is_empty() {
            return Err(unusable(&request, "the record set has no etag to write by"));
        }
        Ok(Some(request.only_version(version)))
    }
}

fn unusable(request: &ArmRequest, reason: &str) -> ArmError {
    ArmError::Protocol {
        correlation_id: None,
        request: request.label(),
        reason: reason.to_owned(),
    }
}

/// One error for everything that failed.
fn failure(mut failed: Vec<(String, Error)>) -> Option<Error> {
    let kind = match failed.as_slice() {
        [] => return None,
        [(_, first), rest @ ..] if rest.iter().all(|(_, error)| error.kind() == first.kind()) => first.kind(),
        _ => ErrorKind::Failed,
    };
    if let [(resource, _)] = failed.as_slice() {
        let resource = resource.clone();
        return failed.pop().map(|(_, error)| error.with_target(resource));
    }
    let message = format!(
        "{} DNS zones or records could not be read or written",
        failed.len()
    );
    let failures = failed
        .iter()
        .map(|(resource, error)| failed_operation(resource, error));
    Some(
        Error::new(kind, message)
            .with_failures(failures.collect())
            .with_hint("run it again: it goes on where it stopped"),
    )
}

fn failed_operation(resource: &str, error: &Error) -> FailedOperation {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    FailedOperation {
        resource: resource.to_owned(),
        code: error.code().unwrap_or_else(|| error.kind().as_str()).to_owned(),
        message: format!("{error}{}", cause.unwrap_or_default()),
        correlation_id: error.correlation_id().map(str::to_owned),
        hints: error.hints().to_vec(),
        causes: Vec::new(),
    }
}
