//! Whether AKS has the Kubernetes version that is wanted.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::Read;
use crate::settings::cluster::ProvisionedSettings;

pub(super) const KIND: CheckKind = CheckKind::KubernetesVersion;
const KEY: &str = "AZURE_AKS_KUBERNETES_VERSION";

/// What AKS has in a region.
#[derive(Debug, Clone, Deserialize, Default)]
pub(super) struct Versions {
    values: Vec<Minor>,
}

/// A minor version with its patches.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Minor {
    version: String,
    #[serde(default)]
    is_default: Option<bool>,
    #[serde(default)]
    is_preview: Option<bool>,
    #[serde(default)]
    capabilities: Capabilities,
    #[serde(default)]
    patch_versions: BTreeMap<String, Patch>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    #[serde(default)]
    support_plan: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct Patch {
    #[serde(default)]
    upgrades: Vec<String>,
}

impl Minor {
    /// Whether its year of community support is over: then only clusters with long-term support may have it.
    fn is_long_term_only(&self) -> bool {
        let plans = &self.capabilities.support_plan;
        !plans.is_empty()
            && !plans
                .iter()
                .any(|plan| plan.eq_ignore_ascii_case("KubernetesOfficial"))
    }
}

impl Versions {
    /// The minor that a version belongs to.
    fn minor(&self, version: &str) -> Option<&Minor> {
        let minor: Vec<&str> = version.splitn(3, '.').take(2).collect();
        self.values.iter().find(|known| known.version == minor.join("."))
    }
}

pub(super) fn version(
    findings: &mut Findings,
    region: &str,
    own: &ProvisionedSettings,
    runs: Option<&str>,
    read: &Read<Versions>,
) {
    let versions = match read {
        Ok(Some(versions)) if !versions.values.is_empty() => versions,
        Ok(_) => {
            findings.untold(KIND, format!("AKS lists no versions for region {region}"));
            return;
        }
        Err(error) => {
            findings.unknown(KIND, "the versions that AKS has", error);
            return;
        }
    };
    match (own.kubernetes_version.as_deref(), runs) {
        (None, None) => {
            let default = versions
                .values
                .iter()
                .find(|minor| minor.is_default == Some(true));
            let default = default.map_or_else(String::new, |minor| format!(", now {}", minor.version));
            findings.pass(KIND, format!("AKS's own choice for a new cluster{default}"));
        }
        (None, Some(runs)) => kept(findings, runs, own, versions),
        (Some(wanted), runs) => {
            chosen(findings, region, wanted, runs, own, versions);
            findings.otherwise_pass(KIND, format!("AKS has Kubernetes {wanted} in region {region}"));
        }
    }
}

fn has_long_term_support(own: &ProvisionedSettings) -> bool {
    // The template asks for it in this tier.
    own.sku_tier == "Premium"
}

fn kept(findings: &mut Findings, runs: &str, own: &ProvisionedSettings, versions: &Versions) {
    let message = format!("Kubernetes {runs} runs and is kept");
    match versions.minor(runs) {
        Some(minor) if !minor.is_long_term_only() || has_long_term_support(own) => {
            findings.pass(KIND, message);
        }
        Some(_) => findings.warn(
            KIND,
            format!("{message}; AKS supports it with long-term support only"),
            format!("set {KEY} to a newer one, or AZURE_AKS_SKU_TIER: Premium"),
        ),
        None => findings.warn(
            KIND,
            format!("{message}; AKS no longer lists it"),
            format!("set {KEY} to a newer one, one minor version at a time"),
        ),
    }
}

fn chosen(
    findings: &mut Findings,
    region: &str,
    wanted: &str,
    runs: Option<&str>,
    own: &ProvisionedSettings,
    versions: &Versions,
) {
    // What runs may stay, whatever AKS lists.
    if runs.is_some_and(|runs| runs == wanted || runs.starts_with(&format!("{wanted}."))) {
        return;
    }
    let known = versions.minor(wanted);
    let exact = wanted.matches('.').count() > 1;
    let Some(minor) = known.filter(|minor| !exact || minor.patch_versions.contains_key(wanted)) else {
        let listed: Vec<String> = match known {
            Some(minor) => minor.patch_versions.keys().cloned().collect(),
            None => versions
                .values
                .iter()
                .filter(|minor| !minor.is_long_term_only() || has_long_term_support(own))
                .map(|minor| minor.version.clone())
                .collect(),
        };
        findings.fail(
            KIND,
            format!("AKS has no Kubernetes {wanted} in region {region}"),
            format!("set {KEY} to one of {}", listed.join(", ")),
        );
        return;
    };
    if minor.is_long_term_only() && !has_long_term_support(own) {
        findings.fail(
            KIND,
            format!("AKS has Kubernetes {wanted} with long-term support only"),
            format!(
                "set {KEY} to a newer one, or AZURE_AKS_SKU_TIER: Premium, which brings long-term support"
            ),
        );
        return;
    }
    if let Some(runs) = runs {
        upgraded(findings, wanted, exact, runs, versions);
    }
    if minor.is_preview == Some(true) {
        findings.warn(
            KIND,
            format!("Kubernetes {wanted} is a preview in AKS"),
            "nothing is promised for it; take an older one for what must not fail",
        );
    }
}

/// AKS goes up one minor version at a time. A downgrade is refused elsewhere.
fn upgraded(findings: &mut Findings, wanted: &str, exact: bool, runs: &str, versions: &Versions) {
    let Some(patch) = versions
        .minor(runs)
        .and_then(|minor| minor.patch_versions.get(runs))
    else {
        return;
    };
    let means = |upgrade: &&String| {
        if exact {
            *upgrade == wanted
        } else {
            upgrade.starts_with(&format!("{wanted}."))
        }
    };
    let number =
        |version: &str| -> Vec<u32> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    if patch.upgrades.iter().any(|upgrade| means(&upgrade)) || number(wanted) < number(runs) {
        return;
    }
    let next = if patch.upgrades.is_empty() {
        "AKS offers none at the moment".to_owned()
    } else {
        format!("next can be {}", patch.upgrades.join(", "))
    };
    findings.fail(
        KIND,
        format!("Kubernetes {runs} runs, and AKS does not upgrade that to {wanted} at once"),
        format!("go up one minor version at a time: {next}"),
    );
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::json;

    use super::super::tests::own;
    use kompox_domain::hint::in_words;

    use super::*;

    fn found(settings: &[(&str, &str)], runs: Option<&str>) -> (Verdict, String) {
        let versions: Versions = serde_json::from_value(json!({"values": [
            {"version": "1.36", "isPreview": true, "capabilities": {"supportPlan": ["KubernetesOfficial"]},
             "patchVersions": {"1.36.0": {"upgrades": []}}},
            {"version": "1.35", "isDefault": true, "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
             "patchVersions": {"1.35.2": {"upgrades": ["1.36.0"]}}},
            {"version": "1.34", "patchVersions": {"1.34.4": {"upgrades": ["1.34.5", "1.35.2"]}, "1.34.5": {"upgrades": ["1.35.2"]}}},
            {"version": "1.32", "capabilities": {"supportPlan": ["AKSLongTermSupport"]},
             "patchVersions": {"1.32.9": {"upgrades": []}}},
        ]}))
        .unwrap();
        let mut findings = Findings::default();
        version(
            &mut findings,
            "japaneast",
            &own(settings),
            runs,
            &Ok(Some(versions)),
        );
        let check = findings.checks().first().unwrap();
        let hint = in_words(&check.hints);
        (check.verdict, format!("{}; {hint}", check.message))
    }

    fn wants(version: &str) -> [(&str, &str); 1] {
        [(KEY, version)]
    }

    #[test]
    fn b41_a_version_that_aks_no_longer_has_is_found_with_those_that_it_has() {
        let (verdict, message) = found(&wants("1.30"), None);
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.contains("one of 1.36, 1.35, 1.34"), "{message}");
        let (verdict, message) = found(&wants("1.34.3"), None);
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.contains("one of 1.34.4, 1.34.5"), "{message}");
        for good in ["1.35", "1.35.2"] {
            assert_eq!(found(&wants(good), None).0, Verdict::Pass, "{good}");
        }
    }

    #[test]
    fn long_term_support_comes_with_its_tier_only() {
        assert_eq!(found(&wants("1.32"), None).0, Verdict::Fail);
        let premium = [(KEY, "1.32"), ("AZURE_AKS_SKU_TIER", "Premium")];
        assert_eq!(found(&premium, None).0, Verdict::Pass);
    }

    #[test]
    fn a_preview_is_a_warning() {
        assert_eq!(found(&wants("1.36"), None).0, Verdict::Warn);
    }

    #[test]
    fn without_a_choice_the_default_is_named_and_what_runs_is_kept() {
        assert!(found(&[], None).1.contains("1.35"));
        assert_eq!(found(&[], Some("1.34.4")).0, Verdict::Pass);
        assert_eq!(found(&[], Some("1.29.1")).0, Verdict::Warn);
        assert_eq!(found(&[], Some("1.32.9")).0, Verdict::Warn);
    }

    #[test]
    fn an_upgrade_goes_one_minor_version_at_a_time() {
        for good in ["1.34", "1.34.4", "1.34.5", "1.35", "1.35.2"] {
            assert_eq!(found(&wants(good), Some("1.34.4")).0, Verdict::Pass, "{good}");
        }
        let (verdict, message) = found(&wants("1.36"), Some("1.34.5"));
        assert_eq!(verdict, Verdict::Fail, "{message}");
        assert!(message.contains("next can be 1.35.2"), "{message}");
        // What runs is never refused for being old.
        assert_eq!(found(&wants("1.29"), Some("1.29.1")).0, Verdict::Pass);
    }
}
