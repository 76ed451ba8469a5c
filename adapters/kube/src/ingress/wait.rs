//! Waiting until Traefik answers and has an address.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kompox_domain::context::Step;
use kompox_domain::{Argument, Context, Error, ErrorKind, Hint, Result};
use serde_json::Value;

use super::diagnosis;
use crate::apply::Patience;
use crate::client::KubeClient;
use crate::object::{Kind, ObjectId};
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

pub(super) async fn wait(
    client: &KubeClient,
    cx: &Context,
    wanted: &Traefik,
    (deployment_now, service_now): (Option<&Value>, Option<&Value>),
) -> Result<IngressAddress> {
    let deployment = Waited {
        client,
        cx,
        wanted,
        kind: Kind::of::<Deployment>(),
        what: "Traefik is available",
    };
    let service = Waited {
        kind: Kind::of::<Service>(),
        what: "Traefik has an address",
        ..deployment
    };
    // Both at the same time: a load balancer takes about as long as the pods. What fails ends it; what is late is told
    // together with what else is.
    let (available, address) = futures::try_join!(
        async { late(deployment.wait(deployment_now, available).await) },
        async { late(service.wait(service_now, address).await) },
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
struct Waited<'a> {
    client: &'a KubeClient,
    cx: &'a Context,
    wanted: &'a Traefik,
    kind: Kind,
    what: &'static str,
}

impl Waited<'_> {
    async fn wait<T>(&self, now: Option<&Value>, standing: fn(&Value) -> Standing<T>) -> Result<T> {
        // What was read, or came back when it was written, is new enough.
        let mut live = now.cloned();
        if let Some(Standing::Reached(reached)) = live.as_ref().map(standing) {
            return Ok(reached);
        }
        let step = self.cx.begin(format!("wait until {}", self.what));
        let waited = self.until(&mut live, standing, &step).await;
        step.end(waited)
    }

    async fn until<T>(
        &self,
        live: &mut Option<Value>,
        standing: fn(&Value) -> Standing<T>,
        step: &Step,
    ) -> Result<T> {
        let id = ObjectId {
            kind: self.kind,
            namespace: Some(self.wanted.namespace.clone()),
            name: TRAEFIK.to_owned(),
        };
        let mut hope = Hope::of(live.as_ref().map(standing).as_ref());
        let mut patience = Patience::of(self.client, self.cx);
        let mut told = String::new();
        loop {
            let last = match self.client.read(self.cx, &id).await {
                Ok(there) => {
                    patience.heard();
                    *live = there;
                    None
                }
                // The API server may be away for a moment.
                Err(error) if error.is_transient() && !patience.is_lost() => Some(error),
                Err(error) => {
                    let what = format!("nobody knows whether {}", self.what);
                    return Err(Error::from(error).context(what));
                }
            };
            let now = match live.as_ref().map(standing).map(|now| hope.judged(now)) {
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
                let message = format!("in time it did not come about that {}: {told}", self.what);
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
    async fn explained(&self, state: String, live: Option<&Value>) -> String {
        let Some(live) = live else {
            return state;
        };
        let mut parts = vec![state];
        if self.kind == Kind::of::<Deployment>() {
            parts.extend(diagnosis::of_pods(self.client, self.cx, self.wanted, live).await);
        } else {
            let namespace = &self.wanted.namespace;
            parts.extend(diagnosis::of_events(self.client, self.cx, namespace, "Service", TRAEFIK).await);
        }
        parts.join("; ")
    }
}

/// Whether a Deployment has become what was asked for last, as `kubectl rollout status` judges.
fn available(deployment: &Value) -> Standing<()> {
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let status = &deployment["status"];
    if number(&status["observedGeneration"]) < number(&deployment["metadata"]["generation"]) {
        return Standing::Under("nobody has looked at it yet".to_owned());
    }
    let conditions = || status["conditions"].as_array().into_iter().flatten();
    let is = |kind: &str, word: &str| {
        conditions().find(|condition| condition["type"] == kind && condition["status"] == word)
    };
    let wanted = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
    let [all, updated, ready] =
        ["replicas", "updatedReplicas", "availableReplicas"].map(|field| number(&status[field]));
    if updated >= wanted && all <= updated && ready >= updated && is("Available", "True").is_some() {
        return Standing::Reached(());
    }
    if let Some(stuck) = is("Progressing", "False")
        && stuck["reason"] == "ProgressDeadlineExceeded"
    {
        return Standing::GivenUp("its pods do not become ready".to_owned());
    }
    Standing::Under(format!(
        "{} of {wanted} pods are new and ready",
        ready.min(updated)
    ))
}

fn address(service: &Value) -> Standing<IngressAddress> {
    let points = service["status"]["loadBalancer"]["ingress"].as_array();
    let first = |field: &str| {
        let mut points = points.into_iter().flatten();
        points.find_map(|point| point[field].as_str().map(str::to_owned))
    };
    let address = IngressAddress {
        ip: first("ip"),
        host: first("hostname"),
    };
    if address == IngressAddress::default() {
        return Standing::Under("the load balancer has no address yet".to_owned());
    }
    Standing::Reached(address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(generation: i64, status: &Value) -> Value {
        json!({ "metadata": { "generation": generation }, "spec": { "replicas": 2 }, "status": status })
    }

    fn status(all: i64, updated: i64, ready: i64) -> Value {
        json!({ "observedGeneration": 2, "replicas": all, "updatedReplicas": updated, "availableReplicas": ready,
                "conditions": [{ "type": "Available", "status": "True" }] })
    }

    #[test]
    fn available_are_only_all_new_pods_of_what_was_asked_for_last() {
        let reached = |deployment: &Value| matches!(available(deployment), Standing::Reached(()));
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
        let of = |ingress: Value| address(&json!({ "status": { "loadBalancer": ingress } }));
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
