//! Record sets as Azure writes them: public zones begin some names with capitals that private zones write small.

use std::collections::{BTreeMap, BTreeSet};

use kompox_arm::ListedResource;
use kompox_arm::error::word;
use kompox_domain::dns::{Address, RecordKind, RecordSet};
use kompox_domain::tags;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::lenient::text_map;

/// A record set, as it stands in a listing or in the answer to a write.
#[derive(Deserialize)]
pub(super) struct Element {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default, alias = "TTL")]
    ttl: Option<u32>,
    #[serde(default, deserialize_with = "text_map")]
    metadata: BTreeMap<String, String>,
    #[serde(default, alias = "ARecords")]
    a_records: Option<Vec<A>>,
    #[serde(default, alias = "AAAARecords")]
    aaaa_records: Option<Vec<Aaaa>>,
    #[serde(default, alias = "CNAMERecord")]
    cname_record: Option<Cname>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct A {
    ipv4_address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aaaa {
    ipv6_address: String,
}

#[derive(Deserialize)]
struct Cname {
    cname: String,
}

/// A record set that cannot be read whole: that it is there, and whose it is.
#[derive(Deserialize)]
struct Glance {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    properties: Value,
}

/// One element of a listing. One of somebody else may be anything: that its name is taken is all that is needed.
pub(super) fn listed(resource: &ListedResource<'_>) -> serde_json::Result<RecordSet> {
    resource
        .read::<Element>()
        .map(Element::into_set)
        .or_else(|error| {
            let glance: Glance = resource.read()?;
            let marks = text_map(&glance.properties["metadata"]).unwrap_or_default();
            if marks
                .keys()
                .any(|name| name.eq_ignore_ascii_case(tags::MANAGED_BY))
            {
                return Err(error);
            }
            Ok(RecordSet {
                name: glance.name,
                written_kind: written_kind(&glance.kind),
                values: BTreeSet::new(),
                ttl: 0,
                metadata: BTreeMap::new(),
                version: String::new(),
            })
        })
}

fn written_kind(kind: &str) -> String {
    word(kind.rsplit('/').next().unwrap_or_default())
}

impl Element {
    /// What it says.
    pub(super) fn into_set(self) -> RecordSet {
        let properties = self.properties;
        let a = properties.a_records.into_iter().flatten();
        let aaaa = properties.aaaa_records.into_iter().flatten();
        let cname = properties.cname_record.into_iter();
        let values = a
            .map(|one| one.ipv4_address)
            .chain(aaaa.map(|one| one.ipv6_address))
            .chain(cname.map(|one| one.cname));
        RecordSet {
            name: self.name,
            written_kind: written_kind(&self.kind),
            values: values.map(|value| canonical(&value)).collect(),
            ttl: properties.ttl.unwrap_or_default(),
            metadata: properties.metadata,
            version: self.etag.unwrap_or_default(),
        }
    }
}

/// An address as we write it ourselves, so that two that are the same compare so.
fn canonical(value: &str) -> String {
    match value.parse() {
        Ok(Address::V4(address)) => address.to_string(),
        Ok(Address::V6(address)) => address.to_string(),
        Ok(Address::Name(name)) => name.to_string(),
        // It is shown, and never written.
        Err(_) => word(value),
    }
}

/// The body that makes a record set say this.
pub(super) fn body(
    private: bool,
    kind: RecordKind,
    values: &BTreeSet<String>,
    ttl: u32,
    metadata: &BTreeMap<String, String>,
) -> Value {
    let each = |member: &str| -> Value { values.iter().map(|value| json!({ member: value })).collect() };
    let (public_name, private_name, records) = match kind {
        RecordKind::Aaaa => ("AAAARecords", "aaaaRecords", each("ipv6Address")),
        RecordKind::Cname => ("CNAMERecord", "cnameRecord", json!({ "cname": values.first() })),
        RecordKind::A | RecordKind::Other => ("ARecords", "aRecords", each("ipv4Address")),
    };
    let (ttl_name, records_name) = if private {
        ("ttl", private_name)
    } else {
        ("TTL", public_name)
    };
    json!({ "properties": { ttl_name: ttl, "metadata": metadata, records_name: records } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<RecordSet> {
        serde_json::from_str(text).map(Element::into_set)
    }

    #[test]
    fn both_kinds_of_zones_are_read_and_written_in_their_own_spelling() {
        for private in [false, true] {
            for (kind, value) in [
                (RecordKind::A, "192.0.2.1"),
                (RecordKind::Aaaa, "2001:db8::1"),
                (RecordKind::Cname, "lb.example.net"),
            ] {
                let values = BTreeSet::from([value.to_owned()]);
                let metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
                let mut element = body(private, kind, &values, 60, &metadata);
                assert_eq!(element["properties"].get("ttl").is_some(), private);
                element["name"] = "www".into();
                element["type"] = format!("Microsoft.Network/zones/{kind}").into();
                element["etag"] = "e".into();
                let set = read(&element.to_string()).unwrap();
                assert_eq!((set.kind(), &set.values, set.ttl), (kind, &values, 60));
                assert_eq!((set.version.as_str(), &set.metadata), ("e", &metadata));
            }
        }
    }

    #[test]
    fn what_azure_leaves_out_or_writes_otherwise_is_read_all_the_same() {
        let set = read(r#"{"name":"x","type":"Microsoft.Network/dnsZones/TXT","properties":{"TXTRecords":[{"value":["v"]}],"metadata":null}}"#)
            .unwrap();
        assert_eq!((set.kind(), set.values.len()), (RecordKind::Other, 0));
        let set = read(
            r#"{"name":"x","type":"a/b/AAAA","properties":{"AAAARecords":[{"ipv6Address":"2001:DB8:0:0::1"}]}}"#,
        )
        .unwrap();
        assert!(set.values.contains("2001:db8::1"));
        assert!(read(r#"{"name":"x"}"#).is_err());
    }
}
