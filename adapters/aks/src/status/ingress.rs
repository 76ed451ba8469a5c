//! Whether the ingress is there, as the cluster's own API server tells. That it cannot be reached is an answer.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use kompox_domain::cluster::Condition;
use kompox_domain::{Error, ErrorKind, Result};
use kompox_kube::traefik::Running;
use kompox_kube::{DefaultClasses, KubeClient, KubeError, Trouble};

use super::conditions::condition;
use super::kind::ConditionKind;
use crate::kubeconfig::way_in;
use crate::observe::managed_cluster::ManagedCluster;
use crate::session::Session;

/// How long the way there may take altogether. A private API server outside of our network drops every packet.
const PATIENCE: Duration = Duration::from_secs(20);
/// What Traefik's Deployment and Service are called.
const TRAEFIK: &str = "traefik";

const INSTALLED: ConditionKind = ConditionKind::Installed;
const REACHABLE: ConditionKind = ConditionKind::Reachable;
const DEFAULT_CLASS: ConditionKind = ConditionKind::DefaultIngressClass;
const INGRESS_ADVISORIES: ConditionKind = ConditionKind::IngressAdvisories;

/// What came of a look at the cluster's Kubernetes.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) ip: Option<String>,
    pub(super) host: Option<String>,
    pub(super) conditions: Vec<Condition>,
}

impl Look {
    /// It was not looked at, or in vain.
    fn without(reachable: Option<bool>, installed: Option<bool>, reason: &str, message: &str) -> Self {
        let of = |kind: ConditionKind, status| condition(kind, status, reason, message);
        Self {
            conditions: vec![of(INSTALLED, installed), of(REACHABLE, reachable)],
            ..Self::default()
        }
    }
}

/// Looks at the ingress of a cluster.
///
/// # Errors
/// `Unauthenticated` only.
pub(super) async fn look(
    session: Session<'_>,
    cluster: Option<&ManagedCluster>,
    namespace: &str,
) -> Result<Look> {
    let Some(cluster) = cluster else {
        let message = "there is no managed cluster";
        return Ok(Look::without(Some(false), Some(false), "clusterMissing", message));
    };
    if cluster.is_stopped() {
        let message = "the managed cluster is stopped, so nothing in it answers";
        return Ok(Look::without(Some(false), None, "stopped", message));
    }
    if cluster.busy().is_some_and(is_not_open) {
        let message =
            "the managed cluster's API server does not answer while it is being made, started or deleted";
        return Ok(Look::without(Some(false), None, "underWay", message));
    }
    let left = session
        .cx
        .deadline()
        .map(|deadline| deadline.saturating_duration_since(Instant::now()));
    // A status that has no time left for itself would tell nothing at all.
    let patience = left.map_or(PATIENCE, |left| PATIENCE.min(left / 2));
    // Whoever is asked to wait for longer says so, and does not wait.
    let hurried = session.cx.clone().with_deadline(Instant::now() + patience);
    let session = session.with_context(&hurried);
    let asked = tokio::time::timeout(patience, ask(session, cluster, namespace));
    match asked.await {
        Ok(Ok(ingress)) => Ok(look_of(ingress, namespace)),
        Ok(Err(Why::Error(error))) if error.kind() == ErrorKind::Unauthenticated => Err(error),
        Ok(Err(Why::Error(error))) => {
            let mut look = Look::without(None, None, "credential", "");
            for condition in &mut look.conditions {
                condition.message = format!("AKS gave no way into the cluster: {error}");
            }
            Ok(look)
        }
        Ok(Err(Why::Kube(error))) => Ok(in_vain(&error)),
        Err(_) => {
            let reason = Trouble::Timeout.as_str();
            let message = format!("nothing answered within {} s", patience.as_secs());
            Ok(Look::without(Some(false), None, reason, &message))
        }
    }
}

fn is_not_open(state: &str) -> bool {
    ["Creating", "Starting", "Deleting"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(state))
}

/// The ingress, as Kubernetes tells of it.
#[derive(Debug, Default)]
struct Ingress {
    /// Whether its namespace is there.
    namespace: bool,
    /// What its Deployment says; none where there is none.
    running: Option<Running>,
    /// What its load balancer has: an IP address or a name.
    address: Option<String>,
    /// What is to be told of the default IngressClass.
    default_class: Option<Condition>,
}

enum Why {
    Error(Error),
    Kube(KubeError),
}

async fn ask(
    session: Session<'_>,
    cluster: &ManagedCluster,
    namespace: &str,
) -> std::result::Result<Ingress, Why> {
    let (access, token) = way_in(session, cluster).await.map_err(Why::Error)?;
    let client = KubeClient::new(&access, token.as_ref()).map_err(Why::Kube)?;
    let (namespace, running, address, classes) = futures::try_join!(
        client.namespace_exists(session.cx, namespace),
        client.running(session.cx, namespace, TRAEFIK),
        client.load_balancer_address(session.cx, namespace, TRAEFIK),
        // Whoever may not see them may see the rest.
        async { Ok(DefaultClasses::read(&client, session.cx).await) },
    )
    .map_err(Why::Kube)?;
    Ok(Ingress {
        namespace,
        running,
        address,
        default_class: default_class(classes),
    })
}

/// What is told of the default IngressClass: nothing where there is no other than ours.
fn default_class(classes: std::result::Result<DefaultClasses, KubeError>) -> Option<Condition> {
    let classes = match classes {
        Ok(classes) => classes,
        Err(error) => {
            let (reason, message) = (error.trouble().as_str(), error.to_string());
            return Some(condition(DEFAULT_CLASS, None, reason, message));
        }
    };
    let told: Vec<String> = classes.warnings().collect();
    let several = classes.ours || told.len() > 1;
    let reason = if several {
        "severalDefaults"
    } else {
        "otherDefault"
    };
    (!told.is_empty()).then(|| condition(DEFAULT_CLASS, Some(!several), reason, told.join("; ")))
}

fn in_vain(error: &KubeError) -> Look {
    let trouble = error.trouble();
    Look::without(reachable(trouble), None, trouble.as_str(), &error.to_string())
}

/// Whether the API server can be reached at all: whoever refuses can be.
const fn reachable(trouble: Trouble) -> Option<bool> {
    match trouble {
        Trouble::Dns | Trouble::Unreachable | Trouble::Timeout | Trouble::Tls => Some(false),
        Trouble::Unauthorized
        | Trouble::Forbidden
        | Trouble::Refused
        | Trouble::NotFound
        | Trouble::AlreadyExists
        | Trouble::Conflict
        | Trouble::FieldsOwned
        | Trouble::Invalid
        | Trouble::Throttled
        | Trouble::Unavailable => Some(true),
        // Something answers, and nobody knows what.
        Trouble::Config | Trouble::Proxy | Trouble::Protocol | Trouble::Other => None,
    }
}

fn look_of(ingress: Ingress, namespace: &str) -> Look {
    let (status, reason, message) = match (
        ingress.namespace,
        ingress.running.as_ref().map(|running| running.available),
    ) {
        (false, _) => (
            false,
            "namespaceMissing",
            format!("there is no namespace {namespace}"),
        ),
        (true, None) => (
            false,
            "deploymentMissing",
            format!("there is no Deployment {TRAEFIK} in namespace {namespace}"),
        ),
        (true, Some(false)) => (
            false,
            "deploymentUnavailable",
            format!("Deployment {TRAEFIK} in namespace {namespace} is not available"),
        ),
        (true, Some(true)) => (
            true,
            "available",
            format!("Deployment {TRAEFIK} in namespace {namespace} is available"),
        ),
    };
    let mut conditions = vec![
        condition(INSTALLED, Some(status), reason, message),
        condition(
            REACHABLE,
            Some(true),
            "answered",
            "the cluster's API server answers",
        ),
    ];
    if status {
        let has = ingress.address.is_some();
        let (reason, message) = if has {
            ("assigned", "the ingress has a public address")
        } else {
            (
                "pending",
                "the ingress is there, and its load balancer has no address yet",
            )
        };
        conditions.push(condition(
            ConditionKind::IngressAddress,
            Some(has),
            reason,
            message,
        ));
        conditions.extend(ingress.default_class);
    }
    let known = ingress.running.and_then(|running| running.exposure);
    conditions.extend(known.map(|known| {
        let message = format!(
            "{}; leave ingress.image out or name a newer one, and install again",
            known.sentence()
        );
        condition(INGRESS_ADVISORIES, Some(true), "publishedAdvisories", message)
    }));
    let (ip, host) = match ingress.address {
        Some(address) if address.parse::<IpAddr>().is_ok() => (Some(address), None),
        address => (None, address),
    };
    Look { ip, host, conditions }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(namespace: bool, available: Option<bool>, address: Option<&str>) -> Look {
        let ingress = Ingress {
            namespace,
            running: available.map(|available| Running {
                available,
                exposure: None,
            }),
            address: address.map(str::to_owned),
            default_class: None,
        };
        look_of(ingress, "traefik")
    }

    #[test]
    fn b40_installed_means_that_traefik_is_available_and_its_address_is_another_matter() {
        let first = |look: &Look| (look.conditions[0].status, look.conditions[0].reason.clone());
        let no = |reason: &str| (Some(false), reason.to_owned());
        assert_eq!(first(&look(false, None, None)), no("namespaceMissing"));
        assert_eq!(first(&look(true, None, None)), no("deploymentMissing"));
        assert_eq!(first(&look(true, Some(false), None)), no("deploymentUnavailable"));
        let pending = look(true, Some(true), None);
        assert_eq!(first(&pending).0, Some(true));
        assert_eq!(
            (pending.conditions[2].kind.as_str(), pending.conditions[2].status),
            ("ingressAddress", Some(false))
        );
        let well = look(true, Some(true), Some("203.0.113.7"));
        assert_eq!(well.conditions[2].status, Some(true));
        assert_eq!((well.ip.as_deref(), well.host), (Some("203.0.113.7"), None));
        let named = look(true, Some(true), Some("lb.example.com"));
        assert_eq!((named.ip, named.host.as_deref()), (None, Some("lb.example.com")));
    }

    #[test]
    fn who_refuses_can_be_reached_and_who_does_not_answer_cannot() {
        for (trouble, expected) in [
            (Trouble::Dns, Some(false)),
            (Trouble::Timeout, Some(false)),
            (Trouble::Tls, Some(false)),
            (Trouble::Unauthorized, Some(true)),
            (Trouble::Forbidden, Some(true)),
            (Trouble::Throttled, Some(true)),
            (Trouble::Protocol, None),
            (Trouble::Config, None),
        ] {
            assert_eq!(reachable(trouble), expected, "{trouble:?}");
        }
    }
}
