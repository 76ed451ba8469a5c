//! Whether the subscription is registered for everything that is made, and the region has it.

use kompox_domain::Hint;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Element, Read};
use crate::template::document;

const KIND: CheckKind = CheckKind::Providers;

/// Namespaces that a cluster's add-ons and nodes need beside those in the template: ARM registers by itself only what
/// a template names, and that only for whoever may register.
const BEHIND_CLUSTERS: &[&str] = &[
    "Microsoft.Compute",
    "Microsoft.Network",
    "Microsoft.OperationsManagement",
    "Microsoft.PolicyInsights",
];
/// Namespaces that need no registration.
const BUILT_IN: &[&str] = &["Microsoft.Authorization", "Microsoft.Resources"];

/// A resource provider. Of its types, which it may have many hundreds of, only names and regions are kept.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provider {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    registration_state: Option<String>,
    #[serde(default)]
    registration_policy: Option<String>,
    #[serde(default)]
    resource_types: Vec<ProviderType>,
}

/// Which resource provider it is.
#[derive(Deserialize)]
pub(super) struct ProviderName {
    namespace: String,
}

impl ProviderName {
    /// Whether a cluster needs it.
    pub(super) fn is_needed(&self) -> bool {
        needed(&types()).any(|namespace| namespace.eq_ignore_ascii_case(&self.namespace))
    }
}

impl Element for Provider {
    type Identity = ProviderName;
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ProviderType {
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    locations: Vec<String>,
}

/// The types that the template makes, by namespace; of each, whether it lies in a region.
fn types() -> BTreeMap<String, BTreeSet<(String, bool)>> {
    fn walk(value: &Value, found: &mut BTreeMap<String, BTreeSet<(String, bool)>>) {
        match value {
            Value::Object(map) => {
                if let (Some(kind), true) = (
                    map.get("type").and_then(Value::as_str),
                    map.contains_key("apiVersion"),
                ) && let Some((namespace, kind)) = kind.split_once('/')
                {
                    let located = map.contains_key("location") && !kind.contains('/');
                    found
                        .entry(namespace.to_owned())
                        .or_default()
                        .insert((kind.to_owned(), located));
                }
                map.values().for_each(|value| walk(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    walk(document::template(), &mut found);
    found
}

/// The namespaces that must be registered.
fn needed<T>(types: &BTreeMap<String, T>) -> impl Iterator<Item = &str> {
    types
        .keys()
        .map(String::as_str)
        .chain(BEHIND_CLUSTERS.iter().copied())
        .filter(|namespace| !BUILT_IN.contains(namespace))
}

pub(super) fn providers(findings: &mut Findings, region: &str, read: &Read<Vec<Provider>>) {
    let providers = match read {
        Ok(Some(providers)) => providers,
        Ok(None) => {
            findings.untold(KIND, "Azure lists no resource providers");
            return;
        }
        Err(error) => {
            findings.unknown(KIND, "the registrations of resource providers", error);
            return;
        }
    };
    let types = types();
    let namespaces: BTreeSet<&str> = needed(&types).collect();
    for namespace in &namespaces {
        let provider = providers
            .iter()
            .find(|provider| provider.namespace.eq_ignore_ascii_case(namespace));
        let Some(provider) = provider else {
            // A cloud of one's own may have less; a cluster can be without what only add-ons use.
            findings.untold(KIND, format!("Azure does not list the provider {namespace}"));
            continue;
        };
        registered(findings, namespace, provider);
        for (kind, located) in types.get(*namespace).into_iter().flatten() {
            if *located && !has(provider, kind, region) {
                findings.fail(
                    KIND,
                    format!("region {region} has no {namespace}/{kind}"),
                    "choose another region in AZURE_LOCATION",
                );
            }
        }
    }
    findings.otherwise_pass(
        KIND,
        format!(
            "the subscription is registered for all {} providers that are needed",
            namespaces.len()
        ),
    );
}

fn registered(findings: &mut Findings, namespace: &str, provider: &Provider) {
    let policy = provider.registration_policy.as_deref().unwrap_or_default();
    if policy.eq_ignore_ascii_case("RegistrationFree") {
        return;
    }
    let register = format!("az provider register --namespace {namespace} --wait");
    match provider.registration_state.as_deref() {
        Some(state) if state.eq_ignore_ascii_case("Registered") => {}
        Some(state) if state.eq_ignore_ascii_case("Registering") => findings.warn(
            KIND,
            format!("the subscription is still being registered for {namespace}"),
            "wait for some minutes",
        ),
        _ => findings.fail(
            KIND,
            format!("the subscription is not registered for {namespace}"),
            Hint::foreign("register it once", register),
        ),
    }
}

/// Whether a type is there in the region. A list without regions says nothing.
fn has(provider: &Provider, kind: &str, region: &str) -> bool {
    let found = provider
        .resource_types
        .iter()
        .find(|found| found.resource_type.eq_ignore_ascii_case(kind));
    found.is_none_or(|found| {
        found.locations.is_empty()
            || found
                .locations
                .iter()
                .any(|location| location.replace(' ', "").eq_ignore_ascii_case(region))
    })
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::json;

    use super::*;

    fn all(change: impl Fn(&str) -> Value) -> Vec<Provider> {
        let types = types();
        types
            .keys()
            .map(String::as_str)
            .chain(BEHIND_CLUSTERS.iter().copied())
            .map(|namespace| {
                let mut provider =
                    json!({"namespace": namespace.to_lowercase(), "registrationState": "Registered"});
                for (key, value) in change(namespace).as_object().unwrap() {
                    provider[key] = value.clone();
                }
                serde_json::from_value(provider).unwrap()
            })
            .collect()
    }

    fn found(providers_: Vec<Provider>) -> Vec<(Verdict, String)> {
        let mut findings = Findings::default();
        providers(&mut findings, "japaneast", &Ok(Some(providers_)));
        let of = |check: &kompox_domain::cluster::Check| (check.verdict, check.message.clone());
        findings.checks().iter().map(of).collect()
    }

    #[test]
    fn the_template_needs_these_namespaces() {
        let namespaces: Vec<String> = types().into_keys().collect();
        assert_eq!(
            namespaces,
            [
                "Microsoft.Authorization",
                "Microsoft.ContainerRegistry",
                "Microsoft.ContainerService",
                "Microsoft.Insights",
                "Microsoft.KeyVault",
                "Microsoft.ManagedIdentity",
                "Microsoft.OperationalInsights",
                "Microsoft.Resources",
            ]
        );
    }

    #[test]
    fn each_namespace_that_is_not_registered_is_a_finding_with_the_command_that_registers_it() {
        assert_eq!(found(all(|_| json!({})))[0].0, Verdict::Pass);
        let told = found(all(|namespace| match namespace {
            "Microsoft.KeyVault" => json!({"registrationState": "NotRegistered"}),
            "Microsoft.Compute" => json!({"registrationState": "Unregistered"}),
            "Microsoft.Insights" => json!({"registrationState": "Registering"}),
            "Microsoft.Network" => {
                json!({"registrationState": "NotRegistered", "registrationPolicy": "RegistrationFree"})
            }
            _ => json!({}),
        }));
        let verdicts: Vec<Verdict> = told.iter().map(|(verdict, _)| *verdict).collect();
        assert_eq!(
            verdicts,
            [Verdict::Fail, Verdict::Warn, Verdict::Fail],
            "{told:?}"
        );
    }

    #[test]
    fn a_region_that_lacks_a_type_is_a_finding() {
        let of = |locations: Value| {
            found(all(|namespace| match namespace {
                "Microsoft.ContainerService" => {
                    json!({"resourceTypes": [{"resourceType": "ManagedClusters", "locations": locations}]})
                }
                _ => json!({}),
            }))
        };
        assert_eq!(of(json!(["West US", "Japan East"]))[0].0, Verdict::Pass);
        assert_eq!(of(json!([]))[0].0, Verdict::Pass);
        let (verdict, message) = &of(json!(["West US"]))[0];
        assert_eq!(*verdict, Verdict::Fail);
        assert!(message.contains("managedClusters"), "{message}");
    }
}
