//! Record sets of DNS zones, public and private: read, written on condition, listed, and what Azure makes at the apex.

use http::Method;
use kompox_emulator_core::json::merge;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};
use uuid::Uuid;

use super::record_data::{self, RecordType};
use super::{End, Path, TypeInfo};
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::groups::{check_not_deleting, check_scope};
use crate::arm::id::ResourceId;
use crate::arm::{list, locks, providers, version};
use crate::context::RequestContext;

/// How the two kinds of zones differ in what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Public,
    Private,
}

/// `…/{zone}/{type}` and `…/{zone}/{type}/{name}`.
pub(super) fn route(
    cx: &mut RequestContext<'_>,
    info: &TypeInfo,
    family: Family,
    path: &Path<'_>,
) -> Option<ArmResult<Reply>> {
    let (segment, zone, kind, name) = match *path.rest {
        [segment, zone, kind] => (segment, zone, kind, None),
        [segment, zone, kind, name] => (segment, zone, kind, Some(name)),
        _ => return None,
    };
    let every = ["all", "recordsets"].contains(&kind.to_ascii_lowercase().as_str());
    let record_type = RecordType::find(kind, family);
    if !segment.eq_ignore_ascii_case(info.kind) || (record_type.is_none() && !every) {
        return None;
    }
    let zone = path.scope.extended(info.namespace, info.kind, zone);
    let served = || -> ArmResult<()> {
        version::supported(
            cx.request,
            info.namespace,
            info.kind,
            info.versions,
            &cx.environment.options.region,
        )
    };
    Some(served().and_then(|()| match (record_type, name) {
        (record_type, None) => collection(cx, &zone, record_type, kind),
        (Some(record_type), Some(name)) => RecordSet::new(&zone, family, record_type, name).handle(cx),
        (None, Some(_)) => Err(ArmError::not_found(&cx.request.path)),
    }))
}

/// What Azure makes in a new zone.
pub(super) fn begin(end: &mut End<'_>, zone: &ResourceId, family: Family, servers: &[&str]) {
    let soa = RecordSet::new(zone, family, RecordType::Soa, "@");
    let host = servers.first().copied().unwrap_or("azureprivatedns.net");
    let mut record = json!({
        "host": host, "email": "azuredns-hostmaster.microsoft.com", "serialNumber": 1, "refreshTime": 3600,
        "retryTime": 300, "expireTime": 2_419_200
    });
    record[record_data::minimum_ttl(family)] = 300.into();
    soa.store(end.state, end.now, 3600, &json!({ "SOARecord": record }));
    if !servers.is_empty() {
        let records: Vec<Value> = servers.iter().map(|host| json!({ "nsdname": host })).collect();
        let ns = RecordSet::new(zone, family, RecordType::Ns, "@");
        ns.store(end.state, end.now, 172_800, &json!({ "NSRecords": records }));
    }
}

/// How many record sets there are in a zone.
pub(super) fn count(state: &State, zone: &str) -> usize {
    let is_record_set = |kind: &str| {
        kind.rsplit('/')
            .next()
            .is_some_and(|kind| RecordType::find(kind, Family::Public).is_some())
    };
    state
        .documents
        .below(zone)
        .filter(|(_, resource)| is_record_set(&resource.kind))
        .count()
}

/// One record set that a request is about. It need not be there.
struct RecordSet<'a> {
    zone: &'a ResourceId,
    family: Family,
    kind: RecordType,
    id: ResourceId,
}

impl<'a> RecordSet<'a> {
    fn new(zone: &'a ResourceId, family: Family, kind: RecordType, name: &str) -> Self {
        let name = match family {
            Family::Public => name.to_owned(),
            // Private zones write every name small.
            Family::Private => name.to_lowercase(),
        };
        let mut id = zone.clone();
        if let Some(provider) = id.providers.last_mut() {
            provider.types.push((kind.as_str().to_owned(), name));
        }
        Self {
            zone,
            family,
            kind,
            id,
        }
    }

    fn handle(&self, cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
        let verb = match cx.request.method {
            Method::GET => "read",
            Method::PUT | Method::PATCH => "write",
            Method::DELETE => "delete",
            ref other => return Err(ArmError::method(other)),
        };
        cx.authorize(&format!("{}/{verb}", self.id.kind()), &self.id.to_string())?;
        check_zone(cx, self.zone, self.kind.as_str(), verb)?;
        match cx.request.method {
            Method::GET => cx
                .state
                .documents
                .get(&self.id.key())
                .map(|found| Reply::raw_json(200, found.body.to_string()))
                .ok_or_else(|| self.missing()),
            Method::DELETE => self.delete(cx),
            _ => self.write(cx),
        }
    }

    fn write(&self, cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
        check_not_deleting(cx, &self.id)?;
        providers::check_registered(cx, "Microsoft.Network")?;
        locks::check(cx, &self.id, locks::Intent::Write)?;
        let sent = cx.request.json()?;
        let existing = cx.state.documents.document(&self.id.key());
        self.check_conditions(cx, existing.as_ref())?;
        let mut properties = record_data::read(self.kind, &sent)?;
        match (&existing, &cx.request.method) {
            (None, &Method::PATCH) => return Err(self.missing()),
            (Some(existing), &Method::PATCH) => {
                let mut whole = record_data::read(self.kind, existing)?;
                merge(&mut whole, &properties);
                properties = whole;
            }
            (None, _) if self.kind == RecordType::Soa => {
                let message =
                    "Record sets of type 'SOA' cannot be created: they come and go with their zone.";
                return Err(bare(400, "BadRequest", message));
            }
            _ => {}
        }
        record_data::check_name(self.id.name())?;
        record_data::check(self.kind, &properties)?;
        self.check_neighbours(cx.state)?;
        let ttl = properties["TTL"].as_u64().unwrap_or_default();
        let document = self.store(cx.state, cx.now, ttl, &properties);
        Ok(Reply::json(if existing.is_none() { 201 } else { 200 }, &document))
    }

    fn delete(&self, cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
        locks::check(cx, &self.id, locks::Intent::Delete)?;
        let existing = cx.state.documents.document(&self.id.key());
        self.check_conditions(cx, existing.as_ref())?;
        if existing.is_none() {
            return Ok(Reply::empty(204));
        }
        if self.id.name() == "@" && matches!(self.kind, RecordType::Soa | RecordType::Ns) {
            let message = format!(
                "The record set of type '{}' at the zone apex cannot be deleted.",
                self.kind.as_str()
            );
            return Err(bare(400, "BadRequest", &message));
        }
        cx.state.remove(&self.id.key());
        Ok(Reply::empty(200))
    }

    /// Stores the record set as it is answered. `properties` are in the spelling of public zones.
    fn store(&self, state: &mut State, now: i64, ttl: u64, properties: &Value) -> Value {
        let zone = self.zone.name();
        let fqdn = match self.id.name() {
            "@" => format!("{zone}."),
            name => format!("{name}.{zone}."),
        };
        let mut shown = json!({ "fqdn": fqdn });
        match self.family {
            Family::Public => shown["provisioningState"] = "Succeeded".into(),
            Family::Private => shown["isAutoRegistered"] = false.into(),
        }
        for (name, value) in properties.as_object().into_iter().flatten() {
            shown[record_data::spelling(name, self.family)] = value.clone();
        }
        shown[record_data::spelling("TTL", self.family)] = ttl.into();
        if self.family == Family::Public {
            shown["targetResource"] = json!({});
        }
        let key = self.id.key();
        // The first writer's spelling stays.
        let there = state.documents.document(&key);
        let identity = |field: &str, new: String| match &there {
            Some(there) => there[field].clone(),
            None => new.into(),
        };
        let document = json!({
            "id": identity("id", self.id.to_string()),
            "name": identity("name", self.id.name().to_owned()),
            "type": self.id.kind(),
            "etag": Uuid::new_v4().to_string(),
            "properties": shown,
        });
        state
            .documents
            .put(&key, &self.id.kind().to_lowercase(), &document, now);
        document
    }

    /// `If-Match` and `If-None-Match`, before anything else is looked at.
    fn check_conditions(&self, cx: &RequestContext<'_>, existing: Option<&Value>) -> ArmResult<()> {
        let tag = |name: &str| {
            cx.request
                .header(name)
                .map(|tag| tag.trim_matches('"').to_owned())
        };
        let there = existing.map(|existing| existing["etag"].as_str().unwrap_or_default());
        if tag("if-none-match").as_deref() == Some("*") && there.is_some() {
            let message = format!(
                "The Record set {} exists already and hence cannot be created again.",
                self.id.name()
            );
            return Err(bare(412, "PreconditionFailed", &message));
        }
        match (tag("if-match"), there) {
            (None, _) => Ok(()),
            (Some(wanted), Some(there)) if wanted == "*" || wanted == there => Ok(()),
            (Some(wanted), there) => {
                let message = format!(
                    "The condition '{wanted}' in the If-Match header was not satisfied. The current was '{}'.",
                    there.unwrap_or_default()
                );
                Err(bare(412, "PreconditionFailed", &message))
            }
        }
    }

    /// A CNAME record is alone at its name.
    fn check_neighbours(&self, state: &State) -> ArmResult<()> {
        let beside = |kind: RecordType| {
            let other = RecordSet::new(self.zone, self.family, kind, self.id.name());
            kind != self.kind && state.documents.get(&other.id.key()).is_some()
        };
        let message = if self.kind == RecordType::Cname && RecordType::ALL.into_iter().any(beside) {
            "The CNAME record could not be created because another record with the same name already exists in this \
             zone."
        } else if self.kind != RecordType::Cname && beside(RecordType::Cname) {
            "The record could not be created because a CNAME record with the same name already exists in this zone."
        } else {
            return Ok(());
        };
        Err(bare(409, "Conflict", message))
    }

    fn missing(&self) -> Box<ArmError> {
        let message = format!(
            "The resource record '{}' does not exist in resource group '{}' of subscription '{}'.",
            self.id.name(),
            self.id.group.as_deref().unwrap_or_default(),
            self.id.subscription
        );
        bare(404, "NotFound", &message)
    }
}

/// A page of the record sets of a zone, of one type or of all.
fn collection(
    cx: &mut RequestContext<'_>,
    zone: &ResourceId,
    kind: Option<RecordType>,
    written: &str,
) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    let segment = kind.map_or(written, |kind| kind.as_str());
    cx.authorize(&format!("{}/{segment}/read", zone.kind()), &zone.to_string())?;
    check_zone(cx, zone, segment, "read")?;
    let suffix = cx
        .request
        .query("$recordsetnamesuffix")
        .filter(|suffix| !suffix.is_empty())
        .map(|suffix| format!(".{}", suffix.to_lowercase()));
    let start = list::start(cx.request)?;
    let entries = cx.state.documents.after(&zone.key(), start.as_deref());
    list::page(cx, entries, |key, resource| {
        let (rest, name) = key.rsplit_once('/')?;
        let found = RecordType::find(rest.rsplit('/').next()?, Family::Public)?;
        let fits = kind.is_none_or(|kind| kind == found)
            && suffix
                .as_ref()
                .is_none_or(|suffix| name.ends_with(suffix.as_str()));
        fits.then(|| resource.body.to_string())
    })
}

fn check_zone(cx: &RequestContext<'_>, zone: &ResourceId, segment: &str, verb: &str) -> ArmResult<()> {
    if let Some(group) = zone.group_id() {
        check_scope(cx, &group)?;
    }
    if cx.state.documents.get(&zone.key()).is_some() {
        return Ok(());
    }
    let kind = zone.kind();
    let kind = kind.split_once('/').map_or("", |(_, kind)| kind);
    Err(ArmError::new(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform '{verb}' on resource(s) of type '{kind}/{segment}', because the parent resource \
             '{zone}' could not be found."
        ),
    ))
}

/// DNS answers without the envelope.
pub(super) fn bare(status: u16, code: &str, message: &str) -> Box<ArmError> {
    ArmError::new(status, code, message).bare()
}
