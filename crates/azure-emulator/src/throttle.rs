//! Token buckets, as Azure Resource Manager and AKS document theirs: a bucket of a size that refills at a rate.
//!
//! Resource Manager counts reads, writes and deletes apart, per subscription and principal, and lets fifteen times as
//! much pass for a whole subscription; how an operation stands costs nothing but of that. AKS counts once more what it
//! is asked itself, per cluster, group or subscription. What ARM sends itself, for a deployment, is not counted.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::Method;
use kompox_emulator_core::bucket::{Buckets, Limit};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;

use crate::arm::error::ArmError;

/// What a principal may ask Azure Resource Manager for. AKS's own limits are always those that it documents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    /// `GET` and `HEAD`.
    pub reads: Limit,
    /// `PUT`, `PATCH` and `POST`.
    pub writes: Limit,
    /// `DELETE`.
    pub deletes: Limit,
}

impl Throttling {
    /// What Azure documents.
    #[must_use]
    pub const fn documented() -> Self {
        Self {
            reads: Limit::new(250, 25.0),
            writes: Limit::new(200, 10.0),
            deletes: Limit::new(200, 10.0),
        }
    }

    fn of(&self, what: What) -> Limit {
        match what {
            What::Reads => self.reads,
            What::Writes => self.writes,
            What::Deletes => self.deletes,
        }
    }
}

/// How many times as much as for one principal passes for a whole subscription.
const OF_SUBSCRIPTION: u32 = 15;

/// What Resource Manager counts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Reads,
    Writes,
    Deletes,
}

impl What {
    fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Reads,
            Method::DELETE => Self::Deletes,
            _ => Self::Writes,
        }
    }

    /// As headers name it.
    fn plural(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Deletes => "deletes",
        }
    }

    /// As errors name it.
    fn singular(self) -> &'static str {
        match self {
            Self::Reads => "read",
            Self::Writes => "write",
            Self::Deletes => "delete",
        }
    }
}

/// From quotas-skus-regions: what is asked of AKS, with its bucket.
const LIST_IN_SUBSCRIPTION: Limit = Limit::new(500, 1.0);
const LIST_IN_GROUP: Limit = Limit::new(60, 1.0);
const PUT_CLUSTER: Limit = Limit::new(20, 1.0 / 60.0);
const PUT_POOL: Limit = Limit::new(20, 1.0 / 60.0);
const GET_CLUSTER: Limit = Limit::new(60, 1.0);
const GET_OPERATION: Limit = Limit::new(200, 2.0);
const ANY_OTHER: Limit = Limit::new(60, 1.0);

/// A bucket of AKS: which, how large, and what errors call the request.
fn of_aks(request: &Request) -> Option<(String, Limit, &'static str)> {
    let path = request.path.to_ascii_lowercase();
    let (scope, rest) = path.split_once("/providers/microsoft.containerservice/")?;
    let subscription = scope.split('/').nth(2).unwrap_or_default();
    let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    let get = request.is_read();
    let put = request.method == Method::PUT;
    Some(match segments.as_slice() {
        ["managedclusters"] if get && scope.contains("/resourcegroups/") => (
            format!("list {scope}"),
            LIST_IN_GROUP,
            "ListManagedClustersHandler.GET",
        ),
        ["managedclusters"] if get => (
            format!("list {scope}"),
            LIST_IN_SUBSCRIPTION,
            "ListManagedClustersHandler.GET",
        ),
        ["managedclusters", _] if get => (format!("get {path}"), GET_CLUSTER, "GetManagedClusterHandler.GET"),
        ["managedclusters", _] if put => (format!("put {path}"), PUT_CLUSTER, "PutManagedClusterHandler.PUT"),
        ["managedclusters", _, "agentpools", _] if put => {
            (format!("put {path}"), PUT_POOL, "PutAgentPoolHandler.PUT")
        }
        ["locations", _, kind, _] if get && kind.contains("operation") => (
            format!("operations {subscription}"),
            GET_OPERATION,
            "GetOperationStatusHandler.GET",
        ),
        _ => (format!("aks {subscription}"), ANY_OTHER, "OtherHandler"),
    })
}

/// Whether a request looks how an operation stands.
fn looks_at_operation(request: &Request) -> bool {
    let place = request.segments.len().checked_sub(2);
    let kind = place.and_then(|place| request.segments.get(place));
    kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("operation"))
}

/// What is said about a request: what is left, and the answer where nothing was.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// Headers that tell what is left.
    pub(crate) left: Vec<(String, String)>,
    /// The answer to whoever has to wait.
    pub(crate) refusal: Option<Reply>,
}

/// All buckets, and what they hold.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    limits: Mutex<Option<Throttling>>,
    buckets: Mutex<Buckets>,
}

impl Throttle {
    /// With these limits; without any, everything passes.
    pub(crate) fn new(limits: Option<Throttling>) -> Self {
        Self {
            limits: Mutex::new(limits),
            buckets: Mutex::default(),
        }
    }

    /// Other limits, and buckets that are full.
    pub(crate) fn set(&self, limits: Option<Throttling>) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        self.buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Counts a request of a principal to ARM. None where there are no limits.
    pub(crate) fn admit(&self, request: &Request, principal: &str, now: Instant) -> Option<Admission> {
        let limits = (*self.limits.lock().unwrap_or_else(PoisonError::into_inner))?;
        let what = What::of(&request.method);
        let limit = limits.of(what);
        let of_subscription = request
            .segments
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
        let (scope, place) = match request.segments.get(1) {
            Some(id) if of_subscription => ("subscription", id.to_ascii_lowercase()),
            _ => ("tenant", String::new()),
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut admission = Admission::default();
        let mut counted = vec![(
            format!("{scope}-global-{}", what.plural()),
            String::new(),
            limit.times(OF_SUBSCRIPTION),
        )];
        if !looks_at_operation(request) {
            counted.insert(
                0,
                (format!("{scope}-{}", what.plural()), principal.to_owned(), limit),
            );
        }
        let mut wait = None;
        for (name, whose, limit) in counted {
            let key = format!("{name} {place} {whose}");
            let taken = buckets.take(key, limit, wait.is_some(), now);
            wait = wait.or(taken.wait);
            let header = format!("x-ms-ratelimit-remaining-{name}");
            admission.left.push((header, taken.left.to_string()));
        }
        admission.refusal = match wait {
            Some(seconds) => Some(throttled(what, &place, principal, seconds)),
            None => of_aks(request).and_then(|(key, limit, handler)| {
                let wait = buckets.take(key, limit, false, now).wait;
                wait.map(|seconds| throttled_by_aks(handler, &place, seconds))
            }),
        };
        Some(admission)
    }
}

fn throttled(what: What, subscription: &str, principal: &str, seconds: u64) -> Reply {
    let message = format!(
        "Number of '{}' requests for subscription '{subscription}' actor '{principal}' exceeded. Please try again \
         after '{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for \
         additional information.",
        what.singular()
    );
    ArmError::new(429, "SubscriptionRequestsThrottled", message)
        .header("Retry-After", seconds.to_string())
        .reply()
}

fn throttled_by_aks(handler: &str, subscription: &str, seconds: u64) -> Reply {
    let message = format!(
        "The {handler} request limit has been exceeded for SubID='{subscription}', please retry again in {seconds} \
         seconds. For more information, please visit aka.ms/aks/throttling"
    );
    ArmError::new(429, "Throttled", message)
        .bare()
        .header("Retry-After", seconds.to_string())
        .reply()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-4111-8111-111111111111";

    fn request(method: Method, path: &str) -> Request {
        Request::internal(method, &format!("{SUBSCRIPTION}{path}"), "2025-01-01", None, "")
    }

    fn cluster(rest: &str) -> String {
        format!("/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters{rest}")
    }

    /// How many requests pass at one moment, until one is refused with its code and how long to wait.
    fn passing(throttle: &Throttle, request: &Request, whose: &str, now: Instant) -> (usize, String, String) {
        for count in 0.. {
            let admission = throttle.admit(request, whose, now).unwrap();
            if let Some(refusal) = admission.refusal {
                assert_eq!(refusal.status, 429);
                let body: serde_json::Value = serde_json::from_slice(&refusal.body).unwrap();
                let error = body.get("error").unwrap_or(&body);
                let wait = refusal.headers["retry-after"].to_str().unwrap().to_owned();
                return (count, error["code"].as_str().unwrap().to_owned(), wait);
            }
        }
        unreachable!()
    }

    #[test]
    fn reads_writes_and_deletes_are_counted_apart_per_principal_and_refill_as_documented() {
        let throttle = Throttle::new(Some(Throttling::documented()));
        let now = Instant::now();
        for (method, size, per_second) in [
            (Method::GET, 250, 25),
            (Method::PUT, 200, 10),
            (Method::DELETE, 200, 10),
        ] {
            let request = request(method, "/resourceGroups/rg");
            let refused = |count| (count, "SubscriptionRequestsThrottled".to_owned(), "1".to_owned());
            assert_eq!(passing(&throttle, &request, "a", now), refused(size));
            assert_eq!(passing(&throttle, &request, "a", now), refused(0));
            let later = now + Duration::from_secs(2);
            assert_eq!(passing(&throttle, &request, "a", later), refused(2 * per_second));
            assert_eq!(passing(&throttle, &request, "b", later), refused(size));
        }
    }

    #[test]
    fn what_is_left_is_told_of_the_principal_and_of_the_subscription() {
        let throttle = Throttle::new(Some(Throttling::documented()));
        let admission = throttle
            .admit(
                &request(Method::DELETE, "/resourceGroups/rg"),
                "a",
                Instant::now(),
            )
            .unwrap();
        let left: Vec<(&str, &str)> = admission
            .left
            .iter()
            .map(|(name, left)| (&**name, &**left))
            .collect();
        assert_eq!(
            left,
            [
                ("x-ms-ratelimit-remaining-subscription-deletes", "199"),
                ("x-ms-ratelimit-remaining-subscription-global-deletes", "2999")
            ]
        );
    }

    #[test]
    fn looking_at_an_operation_costs_the_principal_nothing() {
        let throttle = Throttle::new(Some(Throttling::documented()));
        let look = request(
            Method::GET,
            "/providers/Microsoft.Resources/locations/japaneast/deploymentStackOperationStatus/x",
        );
        let (passed, ..) = passing(&throttle, &look, "a", Instant::now());
        assert_eq!(passed, 3750);
    }

    #[test]
    fn aks_counts_once_more_what_it_is_asked() {
        let now = Instant::now();
        let locations = "/providers/Microsoft.ContainerService/locations/japaneast";
        for (method, path, size, wait) in [
            (Method::PUT, cluster("/c"), 20, "60"),
            (Method::PUT, cluster("/c/agentPools/p"), 20, "60"),
            (Method::GET, cluster("/c"), 60, "1"),
            (Method::GET, cluster(""), 60, "1"),
            (Method::POST, cluster("/c/listClusterAdminCredential"), 60, "1"),
            (Method::GET, format!("{locations}/kubernetesVersions"), 60, "1"),
            (Method::GET, format!("{locations}/operations/x"), 200, "1"),
        ] {
            let throttle = Throttle::new(Some(Throttling::documented()));
            let expected = (size, "Throttled".to_owned(), wait.to_owned());
            assert_eq!(
                passing(&throttle, &request(method, &path), "a", now),
                expected,
                "{path}"
            );
        }
        // Each cluster has a bucket of its own.
        let throttle = Throttle::new(Some(Throttling::documented()));
        passing(&throttle, &request(Method::PUT, &cluster("/c")), "a", now);
        let (other, ..) = passing(&throttle, &request(Method::PUT, &cluster("/d")), "a", now);
        assert_eq!(other, 20);
    }

    #[test]
    fn without_limits_everything_passes() {
        let throttle = Throttle::new(None);
        assert!(
            throttle
                .admit(&request(Method::GET, "/x"), "a", Instant::now())
                .is_none()
        );
    }
}
