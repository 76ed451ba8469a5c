//! Kubernetes versions: which are offered, which may follow which.

use http::Method;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::refusal;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::find_region;
use crate::arm::version::supported;
use crate::context::RequestContext;

/// A minor version with its patches, the newest last.
struct Minor {
    minor: u32,
    patches: &'static [u32],
    /// Past its year of community support: for clusters with long-term support only.
    long_term_only: bool,
}

const fn minor(minor: u32, patches: &'static [u32], long_term_only: bool) -> Minor {
    Minor {
        minor,
        patches,
        long_term_only,
    }
}

/// What AKS offers as of November 2026.
const MINORS: &[Minor] = &[
    minor(31, &[12, 13], true),
    minor(32, &[10, 11], true),
    minor(33, &[7, 8], true),
    minor(34, &[4, 5], false),
    minor(35, &[2, 3], false),
    minor(36, &[1, 2], false),
    minor(37, &[0, 1], false),
];
const DEFAULT_MINOR: u32 = 36;
/// How many minors nodes may lag behind the control plane.
const SKEW: u32 = 3;

/// `1.x.y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    minor: u32,
    patch: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "1.{}.{}", self.minor, self.patch)
    }
}

impl Version {
    /// A whole version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match parts(text)? {
            (minor, Some(patch)) => Some(Self { minor, patch }),
            _ => None,
        }
    }

    fn offered(self) -> Option<&'static Minor> {
        MINORS
            .iter()
            .find(|known| known.minor == self.minor && known.patches.contains(&self.patch))
    }
}

/// Minor, and patch where one is named.
fn parts(text: &str) -> Option<(u32, Option<u32>)> {
    let mut parts = text.split('.');
    let number = |part: &str| {
        (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())?
    };
    let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
    let patch = match parts.next() {
        None => None,
        Some(patch) => Some(number(patch)?),
    };
    (major == 1 && parts.next().is_none()).then_some((minor, patch))
}

/// The version that `kubernetesVersion` means: a minor alone is its newest patch, or the one that runs already.
fn resolve(asked: &str, current: Option<Version>) -> Option<Version> {
    let (minor, patch) = parts(asked)?;
    if let Some(patch) = patch {
        return Some(Version { minor, patch });
    }
    if let Some(current) = current.filter(|current| current.minor == minor) {
        return Some(current);
    }
    let known = MINORS.iter().find(|known| known.minor == minor)?;
    known.patches.last().map(|patch| Version { minor, patch: *patch })
}

/// The version that a control plane is to run, checked.
pub(super) fn of_cluster(
    cluster: &str,
    asked: &str,
    current: Option<Version>,
    long_term: bool,
) -> ArmResult<Version> {
    let unsupported = || {
        refusal(
            400,
            "K8sVersionNotSupported",
            format!(
                "Managed cluster {cluster} is on version {asked} which is not supported in this region. Please use \
                 [az aks get-versions] command to get the supported version list in this region. For more \
                 information, please check https://aka.ms/supported-version-list"
            ),
        )
    };
    let wanted = resolve(asked, current).ok_or_else(unsupported)?;
    if current == Some(wanted) {
        return Ok(wanted);
    }
    let Some(known) = wanted.offered() else {
        return Err(unsupported());
    };
    if known.long_term_only && !long_term {
        return Err(refusal(
            400,
            "K8sVersionNotSupported",
            format!(
                "Managed cluster {cluster} is on version {wanted}, which is only available for Long-Term Support \
                 (LTS). If you intend to onboard to LTS, please ensure the cluster is in Premium tier and LTS support \
                 plan (see https://aka.ms/aks/enable-lts). Otherwise, use [az aks get-versions] command to get the \
                 supported version list in this region. For more information, please check \
                 https://aka.ms/supported-version-list"
            ),
        ));
    }
    let Some(current) = current else { return Ok(wanted) };
    if wanted > current && wanted.minor <= current.minor + 1 {
        return Ok(wanted);
    }
    let verb = if wanted < current {
        "Downgrading"
    } else {
        "Upgrading"
    };
    let available: Vec<String> = upgrades(current).iter().map(ToString::to_string).collect();
    Err(refusal(
        400,
        "OperationNotAllowed",
        format!(
            "{verb} Kubernetes version {current} to {wanted} is not allowed. Available upgrades: [{}]. Please see \
             https://aka.ms/aks-supported-k8s-ver for version details.",
            available.join(" ")
        ),
    ))
}

/// The version that nodes are to run, checked against their control plane's.
pub(super) fn of_pool(asked: &str, current: Option<Version>, control_plane: Version) -> ArmResult<Version> {
    // A minor alone means the control plane's patch, where they share it.
    let near = current.or(Some(control_plane));
    let wanted = resolve(asked, near).filter(|wanted| wanted.offered().is_some() || Some(*wanted) == near);
    let Some(wanted) = wanted else {
        return Err(refusal(
            400,
            "AgentPoolK8sVersionNotSupported",
            format!(
                "Version {asked} is not supported in this region. Please use [az aks get-versions] command to get the \
                 supported version list in this region. For more information, please check \
                 https://aka.ms/supported-version-list"
            ),
        ));
    };
    if wanted > control_plane || control_plane.minor - wanted.minor > SKEW {
        return Err(refusal(
            400,
            "NodePoolMcVersionIncompatible",
            format!(
                "Node pool version {wanted} and control plane version {control_plane} are incompatible. Minor version \
                 of node pool version cannot be bigger than control plane version. Minor version of node pool cannot \
                 be more than {SKEW} versions less than control plane's version. For more information, please check \
                 https://aka.ms/aks/UpgradeVersionRules"
            ),
        ));
    }
    if let Some(current) = current.filter(|current| wanted < *current) {
        return Err(refusal(
            400,
            "AgentPoolUpgradeVersionNotAllowed",
            format!("Upgrading agent pool from version {current} to {wanted} is not allowed."),
        ));
    }
    Ok(wanted)
}

/// What may follow a version: newer patches, and the next minor.
fn upgrades(current: Version) -> Vec<Version> {
    MINORS
        .iter()
        .flat_map(|known| {
            known.patches.iter().map(|patch| Version {
                minor: known.minor,
                patch: *patch,
            })
        })
        .filter(|version| *version > current && version.minor <= current.minor + 1)
        .collect()
}

/// `GET …/locations/{location}/kubernetesVersions`.
pub(super) fn list(cx: &RequestContext<'_>, location: &str) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    let scope = ResourceId::of_subscription(cx.subscription()).to_string();
    cx.authorize(
        "Microsoft.ContainerService/locations/kubernetesVersions/read",
        &scope,
    )?;
    supported(
        cx.request,
        "Microsoft.ContainerService",
        "locations/kubernetesVersions",
        crate::arm::api_versions::MANAGED_CLUSTERS,
        &cx.environment.options.region,
    )?;
    if find_region(location).is_none() {
        return Err(ArmError::new(
            400,
            "NoRegisteredProviderFound",
            format!("No registered resource provider found for location '{location}'."),
        ));
    }
    let values: Vec<Value> = MINORS.iter().rev().map(entry).collect();
    Ok(Reply::json(200, &json!({ "values": values })))
}

fn entry(known: &Minor) -> Value {
    let patches: serde_json::Map<String, Value> = known
        .patches
        .iter()
        .map(|patch| {
            let version = Version {
                minor: known.minor,
                patch: *patch,
            };
            let upgrades: Vec<String> = upgrades(version).iter().map(ToString::to_string).collect();
            (version.to_string(), json!({ "upgrades": upgrades }))
        })
        .collect();
    let plans: &[&str] = if known.long_term_only {
        &["AKSLongTermSupport"]
    } else {
        &["KubernetesOfficial", "AKSLongTermSupport"]
    };
    let mut entry = json!({
        "version": format!("1.{}", known.minor),
        "capabilities": { "supportPlan": plans },
        "patchVersions": patches
    });
    if known.minor == DEFAULT_MINOR {
        entry["isDefault"] = true.into();
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::super::facts::DEFAULT_VERSION;
    use super::*;

    #[test]
    fn the_default_is_the_newest_patch_of_the_default_minor() {
        assert_eq!(
            resolve(&format!("1.{DEFAULT_MINOR}"), None).unwrap().to_string(),
            DEFAULT_VERSION
        );
    }

    #[test]
    fn a_minor_alone_means_what_runs_or_the_newest() {
        let old = Version::parse("1.36.1");
        assert_eq!(resolve("1.36", old), old);
        assert_eq!(resolve("1.37", old), Version::parse("1.37.1"));
        for text in ["", "1", "2.36.1", "1.36.1.0", "v1.36.1", "1.+36", "1.99"] {
            assert_eq!(resolve(text, None), None, "{text}");
        }
    }

    #[test]
    fn nodes_may_lag_three_minors_but_never_lead() {
        let control_plane = Version::parse("1.36.1").unwrap();
        for good in ["1.36.1", "1.36", "1.33.8", "1.35"] {
            of_pool(good, None, control_plane).unwrap();
        }
        for (bad, code) in [
            ("1.36.2", "NodePoolMcVersionIncompatible"),
            ("1.32.11", "NodePoolMcVersionIncompatible"),
            ("1.20.1", "AgentPoolK8sVersionNotSupported"),
        ] {
            assert_eq!(of_pool(bad, None, control_plane).unwrap_err().code, code);
        }
    }
}
