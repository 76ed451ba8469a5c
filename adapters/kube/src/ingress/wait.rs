//! Waiting until Traefik answers and has an address.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kompox_domain::context::Step;
use kompox_domain::{Argument, Context, Error, ErrorKind, Hint, Result};
use kube::api::DynamicObject;
use serde::de::DeserializeOwned;

use super::diagnosis;
use crate::apply::Patience;
use crate::client::KubeClient;
use crate::object::{ObjectId, condition, load_balancer_points};
use crate::traefik::{TRAEFIK, Traefik};

/// Where the ingress is reached: at an IP address, at a name, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressAddress {
    /// The IP address.
    pub ip: Option<String>,
    /// The name.
    pub host: Option<String>,
}

/// How a thing that is waited for stands.
enum Standing<T> {
    Reached(T),
    /// Not yet: how far it is.
    Under(String),
    /// Never, by itself.
    GivenUp(String),
}

/// Whether something that Kubernetes has given up may still come about: what it had given up before we came may have
/// been repaired since, and it says so until it has succeeded.
struct Hope(bool);

impl Hope {
    fn of<T>(at_first: Option<&Standing<T>>) -> Self {
        Self(matches!(at_first, Some(Standing::GivenUp(_))))
    }

    fn judged<T>(&mut self, now: Standing<T>) -> Standing<T> {
        match now {
            Standing::GivenUp(why) if self.0 => Standing::Under(why),
            now => {
                self.0 = false;
                now
            }
        }
    }
}

/// An object of an ingress that is waited for.
trait Awaited: k8s_openapi::Resource + kube::Resource + DeserializeOwned {
    /// What is told while it is waited for.
    const WHAT: &str;
    type Reached;

    fn standing(&self) -> Standing<Self::Reached>;

    /// What lies behind how it stands.
    async fn diagnosis(&self, client: &KubeClient, cx: &Context, wanted: &Traefik) -> Vec<String>;
}

impl Awaited for Deployment {
    const WHAT: &str = "Traefik is available";
    type Reached = ();

    fn standing(&self) -> Standing<()> {
        available(self)
    }

    async fn diagnosis(&self, client: &KubeClient, cx: &Context, wanted: &Traefik) -> Vec<String> {
        diagnosis::of_pods(client, cx, wanted, self).await
    }
}

impl Awaited for Service {
    const WHAT: &str = "Traefik has an address";
    type Reached = IngressAddress;

    fn standing(&self) -> Standing<IngressAddress> {
        address(self)
    }

    async fn diagnosis(&self, client: &KubeClient, cx: &Context, wanted: &Traefik) -> Vec<String> {
        let events = diagnosis::of_events(client, cx, &wanted.namespace, "Service", TRAEFIK).await;
        events.into_iter().collect()
    }
}

/// Waits until Traefik is available and its Service has an address. Both were observed already, where they are there.
pub(super) async fn wait(
    client: &KubeClient,
    cx: &Context,
    wanted: &Traefik,
    (deployment, service): (Option<&DynamicObject>, Option<&DynamicObject>),
) -> Result<IngressAddress> {
    let wait = Wait { client, cx, wanted };
    // Both at the same time: a load balancer takes about as long as the pods. What fails ends it; what is late is told
    // together with what else is.
    let (available, address) = futures::try_join!(
        async { late(wait.until_reached::<Deployment>(deployment).await) },
        async { late(wait.until_reached::<Service>(service).await) },
    )?;
    match (available, address) {
        (Ok(()), Ok(address)) => Ok(address),
        (Err(error), Ok(_)) | (Ok(()), Err(error)) => Err(error),
        (Err(one), Err(other)) => {
            let both = Error::new(ErrorKind::Timeout, format!("{one}; {other}"));
            let hints = match one.hints() {
                [] => other.hints(),
                hints => hints,
            };
            Err(both.with_hints(hints.iter().cloned()))
        }
    }
}

/// What came of waiting: in time, or late; anything else is an error at once.
fn late<T>(waited: Result<T>) -> Result<Result<T>> {
    match waited {
        Err(error) if error.kind() != ErrorKind::Timeout => Err(error),
        waited => Ok(waited),
    }
}

#[derive(Clone, Copy)]
struct Wait<'a> {
    client: &'a KubeClient,
    cx: &'a Context,
    wanted: &'a Traefik,
}

impl Wait<'_> {
    async fn until_reached<K: Awaited>(&self, observed: Option<&DynamicObject>) -> Result<K::Reached> {
        // What was read, or came back when it was written, is new enough.
        let mut live = observed.and_then(|live| live.clone().try_parse::<K>().ok());
        if let Some(Standing::Reached(reached)) = live.as_ref().map(K::standing) {
            return Ok(reached);
        }
        let step = self.cx.begin(format!("wait until {}", K::WHAT));
        let waited = self.until(&mut live, &step).await;
        step.end(waited)
    }

    async fn until<K: Awaited>(&self, live: &mut Option<K>, step: &Step) -> Result<K::Reached> {
        let namespace = Some(self.wanted.namespace.as_str());
        let id = ObjectId::of::<K>(namespace, TRAEFIK);
        let mut hope = Hope::of(live.as_ref().map(K::standing).as_ref());
        let mut patience = Patience::of(self.client, self.cx);
        let mut told = String::new();
        loop {
            let last = match self.client.read_as::<K>(self.cx, namespace, TRAEFIK).await {
                Ok(there) => {
                    patience.heard();
                    *live = there;
                    None
                }
                // The API server may be away for a moment.
                Err(error) if error.is_transient() && !patience.is_lost() => Some(error),
                Err(error) => {
                    let what = format!("nobody knows whether {}", K::WHAT);
                    return Err(Error::from(error).context(what));
                }
            };
            let now = match live.as_ref().map(K::standing).map(|now| hope.judged(now)) {
                Some(Standing::Reached(reached)) if last.is_none() => return Ok(reached),
                Some(Standing::Reached(_)) => "it was reached a moment ago".to_owned(),
                Some(Standing::Under(state)) => state,
                Some(Standing::GivenUp(why)) => {
                    let why = self.explained(why, live.as_ref()).await;
                    return Err(Error::new(ErrorKind::Failed, format!("{id}: {why}"))
                        .with_hint("repair what is named, and run it again"));
                }
                None => "somebody has deleted it".to_owned(),
            };
            let now = self.explained(now, live.as_ref()).await;
            // Who comes too late gets no details any more.
            if told.is_empty() || now != told && !patience.is_over() {
                step.state(now.clone(), None);
                told = now;
            }
            if !patience.pause().await {
                let message = format!("in time it did not come about that {}: {told}", K::WHAT);
                let error = Error::new(ErrorKind::Timeout, message).with_hints([
                    Hint::text("repair what is named"),
                    Hint::argument("or run it again and give it more time", Argument::Timeout),
                ]);
                return Err(match last {
                    Some(cause) => error.with_source(Error::from(cause)),
                    None => error,
                });
            }
        }
    }

    /// With what lies behind it.
    async fn explained<K: Awaited>(&self, state: String, live: Option<&K>) -> String {
        let Some(live) = live else {
            return state;
        };
        let mut parts = vec![state];
        parts.extend(live.diagnosis(self.client, self.cx, self.wanted).await);
        parts.join("; ")
    }
}

/// Whether a Deployment has become what was asked for last, as `kubectl rollout status` judges.
fn available(deployment: &Deployment) -> Standing<()> {
    let status = deployment.status.clone().unwrap_or_default();
    let asked_for = deployment.metadata.generation.unwrap_or_default();
    if status.observed_generation.unwrap_or_default() < asked_for {
        return Standing::Under("nobody has looked at it yet".to_owned());
    }
    let is = |kind: &str, word: &str| condition(deployment, kind, word);
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let counts = [
        status.replicas,
        status.updated_replicas,
        status.available_replicas,
    ];
    let [all, updated, ready] = counts.map(Option::unwrap_or_default);
    if updated >= wanted && all <= updated && ready >= updated && is("Available", "True").is_some() {
        return Standing::Reached(());
    }
    if let Some(stuck) = is("Progressing", "False")
        && stuck.reason.as_deref() == Some("ProgressDeadlineExceeded")
    {
        return Standing::GivenUp("its pods do not become ready".to_owned());
    }
    Standing::Under(format!(
        "{} of {wanted} pods are new and ready",
        ready.min(updated)
    ))
}

fn address(service: &Service) -> Standing<IngressAddress> {
    let address = IngressAddress {
        ip: load_balancer_points(service).find_map(|point| point.ip.clone()),
        host: load_balancer_points(service).find_map(|point| point.hostname.clone()),
    };
    if address == IngressAddress::default() {
        return Standing::Under("the load balancer has no address yet".to_owned());
    }
    Standing::Reached(address)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn deployment(generation: i64, status: &Value) -> Deployment {
        let deployment =
            json!({ "metadata": { "generation": generation }, "spec": { "replicas": 2 }, "status": status });
        serde_json::from_value(deployment).unwrap()
    }

    fn status(all: i64, updated: i64, ready: i64) -> Value {
        json!({ "observedGeneration": 2, "replicas": all, "updatedReplicas": updated, "availableReplicas": ready,
                "conditions": [{ "type": "Available", "status": "True" }] })
    }

    #[test]
    fn available_are_only_all_new_pods_of_what_was_asked_for_last() {
        let reached = |deployment: &Deployment| matches!(available(deployment), Standing::Reached(()));
        assert!(reached(&deployment(2, &status(2, 2, 2))));
        // The pods before are available, and the new ones do not come.
        assert!(!reached(&deployment(2, &status(3, 1, 2))));
        assert!(!reached(&deployment(2, &status(2, 2, 1))));
        assert!(!reached(&deployment(3, &status(2, 2, 2))));
        assert!(!reached(&deployment(2, &json!({}))));
        let mut stuck = status(3, 1, 2);
        stuck["conditions"] = json!([
            { "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded" }
        ]);
        assert!(matches!(available(&deployment(2, &stuck)), Standing::GivenUp(_)));
    }

    #[test]
    fn what_was_given_up_before_is_given_time_and_what_is_given_up_now_is_over() {
        let given_up = || Standing::<()>::GivenUp("stuck".to_owned());
        let under = || Standing::<()>::Under("0 of 2".to_owned());
        let mut fresh = Hope::of(Some(&under()));
        assert!(matches!(fresh.judged(given_up()), Standing::GivenUp(_)));
        let mut repaired = Hope::of(Some(&given_up()));
        assert!(matches!(repaired.judged(given_up()), Standing::Under(_)));
        assert!(matches!(repaired.judged(under()), Standing::Under(_)));
        assert!(matches!(repaired.judged(given_up()), Standing::GivenUp(_)));
    }

    #[test]
    fn an_address_is_an_ip_address_or_a_name() {
        let of = |ingress: Value| {
            let service = json!({ "status": { "loadBalancer": ingress } });
            address(&serde_json::from_value(service).unwrap())
        };
        assert!(matches!(of(json!({})), Standing::Under(_)));
        let Standing::Reached(both) = of(json!({ "ingress": [{ "hostname": "a.b" }, { "ip": "1.2.3.4" }] }))
        else {
            panic!("an address");
        };
        assert_eq!(
            (both.ip.as_deref(), both.host.as_deref()),
            (Some("1.2.3.4"), Some("a.b"))
        );
    }
}
