//! What record sets hold: types, names, values, and how the two kinds of zones spell them.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};

use super::record_sets::{Family, bare};
use crate::arm::error::{ArmError, ArmResult};

const MOST_RECORDS: usize = 20;

/// The types that are served. The apex records of a zone can be read; only SOA of them can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordType {
    A,
    Aaaa,
    Cname,
    Ns,
    Soa,
    Txt,
}

impl RecordType {
    pub(super) const ALL: [Self; 6] = [Self::A, Self::Aaaa, Self::Cname, Self::Ns, Self::Soa, Self::Txt];

    /// As it stands in paths.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Txt => "TXT",
        }
    }

    /// The type of a segment of a path; private zones have no name servers.
    pub(super) fn find(segment: &str, family: Family) -> Option<Self> {
        Self::ALL
            .into_iter()
            .filter(|kind| family == Family::Public || *kind != Self::Ns)
            .find(|kind| kind.as_str().eq_ignore_ascii_case(segment))
    }

    /// The property that holds its records, as public zones spell it.
    const fn property(self) -> &'static str {
        match self {
            Self::A => "ARecords",
            Self::Aaaa => "AAAARecords",
            Self::Cname => "CNAMERecord",
            Self::Ns => "NSRecords",
            Self::Soa => "SOARecord",
            Self::Txt => "TXTRecords",
        }
    }
}

/// How a property is spelled in the answers of a kind of zone.
pub(super) fn spelling(name: &str, family: Family) -> String {
    if family == Family::Public {
        return name.to_owned();
    }
    let capitals = name.len() - name.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    // `ARecords` is `aRecords`, `CNAMERecord` is `cnameRecord`, `TTL` is `ttl`.
    let small = if capitals == name.len() {
        capitals
    } else {
        capitals.saturating_sub(1)
    };
    format!("{}{}", name[..small].to_ascii_lowercase(), &name[small..])
}

/// What an SOA record calls the time for which it may be remembered that a name is not there.
pub(super) const fn minimum_ttl(family: Family) -> &'static str {
    match family {
        Family::Public => "minimumTTL",
        Family::Private => "minimumTtl",
    }
}

/// `properties` of a body or of what is stored, in the spelling of public zones: what is read only is left out.
pub(super) fn read(kind: RecordType, body: &Value) -> ArmResult<Value> {
    const READ_ONLY: [&str; 4] = ["fqdn", "provisioningState", "isAutoRegistered", "targetResource"];
    let sent = super::common::properties(body)?;
    let mut read = Map::new();
    for (name, value) in sent {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("TTL") {
            read.insert("TTL".to_owned(), value);
        } else if is("metadata") {
            read.insert("metadata".to_owned(), metadata(&value)?);
        } else if is(kind.property()) {
            read.insert(kind.property().to_owned(), value);
        } else if !READ_ONLY.iter().any(|known| is(known)) {
            return Err(ArmError::content(&format!(
                "Could not find member '{name}' on object of type 'RecordSetProperties' of a record set of type '{}'. \
                 Path 'properties.{name}'.",
                kind.as_str()
            )));
        }
    }
    Ok(Value::Object(read))
}

/// A name with a space is accepted and not stored, as Azure does it.
fn metadata(value: &Value) -> ArmResult<Value> {
    let Some(pairs) = value.as_object() else {
        return Err(ArmError::content("'metadata' must be an object"));
    };
    if pairs.values().any(|value| !value.is_string()) {
        return Err(ArmError::content("the values of 'metadata' must be strings"));
    }
    Ok(pairs
        .iter()
        .filter(|(name, _)| !name.contains(' '))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into())
}

/// Refuses a name that no record set can have.
pub(super) fn check_name(name: &str) -> ArmResult<()> {
    let label = |(place, label): (usize, &str)| {
        (place == 0 && label == "*")
            || ((1..=63).contains(&label.len())
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
    };
    if name == "@" || (name.len() <= 253 && name.split('.').enumerate().all(label)) {
        return Ok(());
    }
    Err(bare(
        400,
        "BadRequest",
        &format!("The relative record set name '{name}' is invalid."),
    ))
}

/// Refuses what DNS cannot hold.
pub(super) fn check(kind: RecordType, properties: &Value) -> ArmResult<()> {
    let wrong = |message: String| Err(bare(400, "BadRequest", &message));
    let ttl = properties["TTL"].as_u64().unwrap_or_default();
    if !(1..=2_147_483_647).contains(&ttl) {
        return wrong(format!(
            "The TTL '{}' is invalid. It must be a whole number of seconds from 1 to 2147483647.",
            properties["TTL"]
        ));
    }
    let held = &properties[kind.property()];
    let is_valid = |record: &Value| match kind {
        RecordType::A => record["ipv4Address"]
            .as_str()
            .is_some_and(|text| text.parse::<Ipv4Addr>().is_ok()),
        RecordType::Aaaa => record["ipv6Address"]
            .as_str()
            .is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()),
        RecordType::Cname => record["cname"].as_str().is_some_and(is_domain),
        RecordType::Txt => record["value"].is_array(),
        RecordType::Ns | RecordType::Soa => true,
    };
    let records = match held {
        Value::Null => return Ok(()),
        Value::Array(records) => records.clone(),
        one => vec![one.clone()],
    };
    if records.len() > MOST_RECORDS {
        return wrong(format!(
            "The record set has {} records. The maximum number of records is {MOST_RECORDS}.",
            records.len()
        ));
    }
    let different: BTreeSet<String> = records.iter().map(Value::to_string).collect();
    if different.len() < records.len() {
        return wrong(format!(
            "The list of record sets of type '{}' may not contain multiple entries with the same value.",
            kind.as_str()
        ));
    }
    match records.iter().find(|record| !is_valid(record)) {
        Some(record) if kind == RecordType::Cname => {
            let name = record["cname"].as_str().unwrap_or_default();
            wrong(format!("The domain name '{name}' is invalid."))
        }
        Some(record) => wrong(format!(
            "The record {record} is no valid record of type '{}'.",
            kind.as_str()
        )),
        None => Ok(()),
    }
}

fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    !name.is_empty() && name != "@" && check_name(name).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn private_zones_spell_small_what_public_ones_spell_large() {
        let spelled = |name| spelling(name, Family::Private);
        assert_eq!(
            ["TTL", "ARecords", "AAAARecords", "CNAMERecord", "metadata"].map(spelled),
            ["ttl", "aRecords", "aaaaRecords", "cnameRecord", "metadata"]
        );
        assert_eq!(spelling("CNAMERecord", Family::Public), "CNAMERecord");
    }

    #[test]
    fn properties_are_read_in_either_spelling_and_unknown_ones_refused() {
        let body = json!({ "properties": { "ttl": 60, "aRecords": [], "fqdn": "x.", "metadata": { "a b": "1", "c": "2" } } });
        let read = read(RecordType::A, &body).unwrap();
        assert_eq!(
            read,
            json!({ "TTL": 60, "ARecords": [], "metadata": { "c": "2" } })
        );
        let other = json!({ "properties": { "AAAARecords": [] } });
        assert!(super::read(RecordType::A, &other).is_err());
    }
}
