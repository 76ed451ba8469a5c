//! Tests of the template, and what they have in common: settings to make parameters of, ways around in JSON.

mod parameters;
mod reach;
mod structure;

use std::collections::{BTreeMap, BTreeSet};

use kompox_domain::model::{AnyId, Ingress, Protection};
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{Cluster, Result, Secret, SecretReader, SecretRef};
use serde_json::{Map, Value, json};
use ulid::Ulid;

use super::document::{secure, template};
use super::parameters::{Kept, KeptPool, canonical, hash, parameters};
use crate::settings::cluster::ProvisionedSettings;
use crate::settings::{ClusterSettings, ProviderSettings, keys};

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        unreachable!("{reference}")
    }
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let plain = |(key, text): &(&str, &str)| ((*key).to_owned(), SettingValue::Plain((*text).to_owned()));
    pairs.iter().map(plain).collect()
}

pub(crate) fn provider() -> ProviderSettings {
    let pairs = [
        ("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000001"),
        ("AZURE_LOCATION", "japaneast"),
        ("AZURE_AUTH_METHOD", "azure_cli"),
    ];
    ProviderSettings::read(&settings(&pairs), &NoSecrets).unwrap()
}

pub(crate) fn scope(pairs: &[(&str, &str)]) -> Cluster {
    let AnyId::Cluster(id) = "/ws/ws1/prv/prv1/cls/c1".parse().unwrap() else {
        unreachable!()
    };
    let ingress = Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap());
    let mut all = settings(&[("AZURE_RESOURCE_GROUP_NAME", "rg")]);
    if !pairs.is_empty() {
        all = all
            .iter()
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .chain(
                settings(pairs)
                    .iter()
                    .map(|(key, value)| (key.to_owned(), value.clone())),
            )
            .collect();
    }
    Cluster {
        id,
        existing: false,
        protection: Protection::default(),
        ingress,
        settings: all,
    }
}

pub(crate) fn own(scope: &Cluster) -> ProvisionedSettings {
    match ClusterSettings::read(scope, "japaneast", None, &NoSecrets) {
        Ok(ClusterSettings::Provisioned(own)) => *own,
        Ok(ClusterSettings::Existing(_)) => unreachable!(),
        Err(problems) => panic!("{}", problems.to_error()),
    }
}

fn made(pairs: &[(&str, &str)], kept: &Kept) -> Map<String, Value> {
    let scope = scope(pairs);
    parameters(&scope, &provider(), &own(&scope), Ulid::nil(), kept)
}

fn hashed(pairs: &[(&str, &str)]) -> String {
    let scope = scope(pairs);
    hash(&scope, &provider(), &own(&scope))
}

fn map<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The template itself and those nested in it, by name.
fn templates() -> Vec<(String, &'static Value)> {
    let nested = list(template(), "resources").filter_map(|resource| {
        let inner = resource.pointer("/properties/template")?;
        Some((deployment(resource), inner))
    });
    std::iter::once(("main".to_owned(), template()))
        .chain(nested)
        .collect()
}

/// `vault` of `[variables('deployments').vault]`.
fn deployment(resource: &Value) -> String {
    let name = text(resource, "name");
    name.strip_prefix("[variables('deployments').")
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or_else(|| panic!("{name}"))
        .to_owned()
}

/// Every string in a value, with where it stands.
fn strings(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(values) => values
            .iter()
            .for_each(|value| strings(value, &format!("{path}[]"), found)),
        Value::Object(values) => {
            for (key, value) in values {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                strings(value, &path, found);
            }
        }
        _ => {}
    }
}

/// What an expression names: `parameters('x')` or `variables('x')`.
fn names(kind: &str, text: &str) -> BTreeSet<String> {
    let text = if text.starts_with('[') { text } else { "" };
    text.split(&format!("{kind}('"))
        .skip(1)
        .filter_map(|rest| rest.split_once("')").map(|(name, _)| name.to_owned()))
        .collect()
}
