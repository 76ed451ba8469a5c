//! API servers that answer anything: what follows from it is an error, or the truth.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body_util::Full;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume};
use kompox_domain::ids::SystemUlids;
use kompox_domain::model::{AnyId, AppId};
use kompox_domain::{
    ByteSize, Context, DiskMount, Error, ErrorKind, Event, ProgressSink, VolumeClass, VolumeMount,
};
use kube::api::{DynamicObject, ListParams, PartialObjectMeta};
use kube::client::{Body, ClientBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ingress::{self, Ingress, UninstallOptions};
use crate::object::{self, Kind, ObjectId, Place, Scope};
use crate::traefik::Traefik;

/// An answer: status, headers, body.
type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

fn ok(body: &Value) -> Answer {
    (200, vec![], body.to_string().into_bytes())
}

fn refusal(code: u16, reason: &str, details: &Value) -> Answer {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("{reason}, it says"), "details": details });
    (code, vec![], status.to_string().into_bytes())
}

/// A client of a server that answers so to what it is asked: the number of the request, and its path and query.
fn client(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> KubeClient {
    let count = AtomicUsize::new(0);
    let service = tower::service_fn(move |request: Request<Body>| {
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        let (status, headers, body) = answer(count.fetch_add(1, Ordering::Relaxed), path);
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        std::future::ready(response.body(Full::from(body)))
    });
    let stack = ClientBuilder::new(service, "default");
    KubeClient::over(stack, "https://cluster.example".to_owned()).with_pace(Duration::ZERO)
}

/// The waits that were told.
#[derive(Default)]
struct Waits(Mutex<Vec<Duration>>);

impl ProgressSink for Waits {
    fn emit(&self, event: Event) {
        if let Event::Retrying { wait, .. } = event {
            self.0.lock().unwrap().push(wait);
        }
    }
}

fn context(patience: Duration) -> (Context, Arc<Waits>) {
    let waits = Arc::<Waits>::default();
    let cx = Context::new(Arc::clone(&waits) as _, Arc::new(SystemUlids::default()));
    (cx.with_deadline(Instant::now() + patience), waits)
}

fn cx() -> Context {
    context(Duration::from_secs(600)).0
}

const VOLUMES: Place<'static> = Place {
    group: "",
    version: "v1",
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    scope: Scope::Cluster,
};

fn volume_list(names: &[&str], next: &str) -> Value {
    let items: Vec<Value> = names
        .iter()
        .map(|name| json!({ "metadata": { "name": name, "uid": name } }))
        .collect();
    json!({ "kind": "PersistentVolumeList", "apiVersion": "v1", "metadata": { "continue": next }, "items": items })
}

/// Every volume, whole.
async fn list(client: &KubeClient, cx: &Context) -> Result<Option<Vec<DynamicObject>>, KubeError> {
    client.list(cx, &VOLUMES, &ListParams::default()).await
}

fn names(list: Option<Vec<DynamicObject>>) -> Vec<String> {
    let name = |object: DynamicObject| object.metadata.name.unwrap();
    list.unwrap().into_iter().map(name).collect()
}

#[tokio::test]
async fn a_200_that_is_no_list_is_no_empty_list() {
    let listing =
        |items: Value| json!({ "kind": "PersistentVolumeList", "apiVersion": "v1", "items": items });
    for strange in [
        json!({}),
        json!([]),
        json!(5),
        json!(null),
        json!("text"),
        json!({ "error": { "code": "x" } }),
        json!({ "items": [] }),
        json!({ "kind": "PersistentVolume", "apiVersion": "v1", "items": [] }),
        json!({ "kind": "PersistentVolumeList", "apiVersion": "v2", "items": [] }),
        json!({ "kind": "Status", "apiVersion": "v1", "status": "Success" }),
        listing(json!(null)),
        listing(json!({})),
        listing(json!([null])),
        listing(json!([[]])),
        listing(json!([{}])),
        listing(json!([{ "metadata": {} }])),
        listing(json!([{ "metadata": { "name": "" } }])),
        listing(json!([{ "metadata": { "name": 7 } }])),
        listing(json!([{ "metadata": { "name": "a", "namespace": "n" } }])),
        json!({ "kind": "PersistentVolumeList", "apiVersion": "v1", "items": [], "metadata": { "continue": 7 } }),
    ] {
        let answer = ok(&strange);
        let client = client(move |_, _| answer.clone());
        let error = list(&client, &cx()).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Protocol, "{strange}");
        let all = ListParams::default();
        let listed = client.list::<PartialObjectMeta>(&cx(), &VOLUMES, &all).await;
        let error = listed.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Protocol, "{strange}");
        assert_eq!(Error::from(error).kind(), ErrorKind::Unavailable);
    }
}

#[tokio::test]
async fn a_single_object_is_the_one_that_was_asked_for() {
    let id = ObjectId::of::<Namespace>(None, "shop");
    let right = json!({ "kind": "Namespace", "apiVersion": "v1", "metadata": { "name": "shop" } });
    let answer = ok(&right);
    let server = client(move |_, _| answer.clone());
    let found = server.read(&cx(), &id).await.unwrap();
    assert_eq!(found.map(|found| object::value(&found)), Some(right.clone()));
    let without = |pointer: &str, value: Value| {
        let mut strange = right.clone();
        *strange.pointer_mut(pointer).unwrap() = value;
        strange
    };
    for strange in [
        json!([]),
        json!(5),
        json!(null),
        json!({}),
        without("/kind", json!("NamespaceList")),
        without("/apiVersion", json!("v2")),
        without("/metadata", json!([])),
        without("/metadata/name", json!("other")),
        without("/metadata", json!({ "name": "shop", "namespace": "n" })),
    ] {
        let answer = ok(&strange);
        let server = client(move |_, _| answer.clone());
        let error = server.read(&cx(), &id).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Protocol, "{strange}");
    }
}

#[tokio::test]
async fn only_an_api_server_says_that_something_is_not_there() {
    let id = ObjectId::of::<Namespace>(None, "shop");
    let text = |text: &str| (404, vec![], text.as_bytes().to_vec());
    for (answer, is_an_answer) in [
        (refusal(404, "NotFound", &json!({})), true),
        (text("404 page not found\n"), true),
        (text(""), false),
        (text("<html>no such host here</html>"), false),
        (text("{}"), false),
        (text("[]"), false),
        (
            (302, vec![("Location", "https://login".to_owned())], vec![]),
            false,
        ),
    ] {
        let shown = format!("{answer:?}");
        let client = client(move |_, _| answer.clone());
        let (read, listed) = (client.read(&cx(), &id).await, list(&client, &cx()).await);
        if is_an_answer {
            assert_eq!((read.unwrap(), listed.unwrap()), (None, None), "{shown}");
        } else {
            assert_eq!(read.unwrap_err().trouble(), Trouble::Protocol, "{shown}");
            assert_eq!(listed.unwrap_err().trouble(), Trouble::Protocol, "{shown}");
        }
    }
}

#[tokio::test]
async fn the_same_object_on_two_pages_is_one_object() {
    let client = client(|number, _| match number {
        0 => ok(&volume_list(&["a", "b"], "next")),
        _ => ok(&volume_list(&["b", "c"], "")),
    });
    let found = list(&client, &cx()).await.unwrap();
    assert_eq!(names(found), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_list_that_never_ends_is_an_error() {
    for circle in [1, 2, 3] {
        let client = client(move |number, _| ok(&volume_list(&[], &format!("token{}", number % circle))));
        let error = list(&client, &cx()).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Protocol);
        assert!(error.to_string().contains("circles"), "{error}");
    }
    let client = client(|number, _| ok(&volume_list(&[], &format!("token{number}"))));
    let error = list(&client, &cx()).await.unwrap_err();
    assert_eq!(error.trouble(), Trouble::Protocol);
    assert!(error.to_string().contains("pages"), "{error}");
}

#[tokio::test]
async fn a_body_above_the_bound_is_not_read_whatever_its_status() {
    for status in [200, 404, 500] {
        let client = client(move |_, _| (status, vec![], vec![b' '; (64 << 20) + 1]));
        let error = list(&client, &cx()).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Protocol, "{status}");
        assert!(error.to_string().contains("64 MiB"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_server_asks_for_is_kept_to_the_second() {
    let client = client(|number, _| {
        let mut answer = match number {
            0 => refusal(429, "TooManyRequests", &json!({ "retryAfterSeconds": 4 })),
            1 => refusal(503, "ServiceUnavailable", &json!({ "retryAfterSeconds": 3 })),
            2 => (
                429,
                vec![],
                b"Too many requests, please try again later.".to_vec(),
            ),
            _ => ok(&volume_list(&["a"], "")),
        };
        if number == 0 || number == 2 {
            answer.1.push(("Retry-After", (number + 5).to_string()));
        }
        answer
    });
    let (cx, waits) = context(Duration::from_secs(600));
    let found = list(&client, &cx).await.unwrap();
    assert_eq!(names(found), ["a"]);
    let waits = waits.0.lock().unwrap().clone();
    assert_eq!(waits, [5, 3, 7].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn storage_that_is_made_after_a_kind_was_defined_is_waited_for() {
    let client = client(|number, _| match number {
        // As an API server says it: registry/store_test.go of k8s.io/apiserver.
        0..8 => refusal(429, "TooManyRequests", &json!({ "retryAfterSeconds": 1 })),
        _ => ok(&volume_list(&["a"], "")),
    });
    let (cx, waits) = context(Duration::from_secs(600));
    let found = list(&client, &cx).await.unwrap();
    assert_eq!(names(found), ["a"]);
    assert_eq!(*waits.0.lock().unwrap(), [Duration::from_secs(1); 8]);
}

#[tokio::test]
async fn no_wait_goes_past_the_deadline_and_what_was_asked_for_is_told() {
    for seconds in [3600, u64::MAX] {
        let client =
            client(move |_, _| refusal(429, "TooManyRequests", &json!({ "retryAfterSeconds": seconds })));
        let (cx, waits) = context(Duration::from_secs(10));
        let error = list(&client, &cx).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Throttled);
        let error = Error::from(error);
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert!(
            format!("{:?}", error.hints()).contains(&seconds.to_string()),
            "{error:?}"
        );
        assert!(waits.0.lock().unwrap().is_empty());
        // Without a deadline, too, nobody waits for an hour.
        let cx = Context::new(Arc::<Waits>::default(), Arc::new(SystemUlids::default()));
        let error = list(&client, &cx).await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::Throttled);
    }
}

/// A cluster that holds what the operations below look at.
fn genuine(path: &str) -> Answer {
    let path = path.split('?').next().unwrap_or_default();
    match path {
        "/apis" => {
            return ok(&json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [
                { "name": "apps", "preferredVersion": { "version": "v1" } } ] }));
        }
        "/api/v1" | "/apis/apps/v1" => {
            let resource = |name: &str, kind: &str| json!({ "name": name, "kind": kind, "namespaced": true, "verbs": ["list"] });
            return ok(
                &json!({ "kind": "APIResourceList", "apiVersion": "v1", "resources": match path {
                "/api/v1" => [resource("configmaps", "ConfigMap")],
                _ => [resource("deployments", "Deployment")],
            } }),
            );
        }
        _ => {}
    }
    let objects: Vec<(String, Value)> = objects()
        .into_iter()
        .map(|(plural, object)| (own_path(plural, &object), object))
        .collect();
    if let Some((_, object)) = objects.iter().find(|(own, _)| own == path) {
        return ok(object);
    }
    let (parent, plural) = path.rsplit_once('/').unwrap();
    let is_list = parent == "/api/v1" || parent.rsplit('/').nth(1) == Some("namespaces") || {
        let segments = parent.split('/').count();
        parent.starts_with("/apis/") && segments == 4
    };
    if !is_list {
        return refusal(404, "NotFound", &json!({}));
    }
    let version = match path.split('/').collect::<Vec<_>>()[..] {
        ["", "apis", group, version, ..] => format!("{group}/{version}"),
        _ => "v1".to_owned(),
    };
    let everywhere = !parent.contains("/namespaces/");
    let items: Vec<&Value> = objects
        .iter()
        .filter(|(own, object)| {
            let (of, _) = own.rsplit_once('/').unwrap();
            let root = parent.split("/namespaces/").next().unwrap();
            of == path
                || everywhere
                    && object["metadata"]["namespace"].is_string()
                    && of.starts_with(root)
                    && of.ends_with(&format!("/{plural}"))
        })
        .map(|(_, object)| object)
        .collect();
    let kind = format!("{}List", kind_of(plural));
    ok(&json!({ "kind": kind, "apiVersion": version, "metadata": {}, "items": items }))
}

/// The kinds that the operations below ask for lists of.
fn kind_of(plural: &str) -> &str {
    match plural {
        "clusterrolebindings" => "ClusterRoleBinding",
        "clusterroles" => "ClusterRole",
        "configmaps" => "ConfigMap",
        "customresourcedefinitions" => "CustomResourceDefinition",
        "deployments" => "Deployment",
        "events" => "Event",
        "ingressclasses" => "IngressClass",
        "httproutes" => "HTTPRoute",
        "ingresses" => "Ingress",
        "ingressroutes" => "IngressRoute",
        "namespaces" => "Namespace",
        "persistentvolumeclaims" => "PersistentVolumeClaim",
        "persistentvolumes" => "PersistentVolume",
        "poddisruptionbudgets" => "PodDisruptionBudget",
        "pods" => "Pod",
        "secretproviderclasses" => "SecretProviderClass",
        "secrets" => "Secret",
        "serviceaccounts" => "ServiceAccount",
        "services" => "Service",
        other => panic!("nobody said what a list of {other} is called"),
    }
}

fn own_path(plural: &str, object: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let version = text(&object["apiVersion"]).unwrap();
    let root = if version == "v1" {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{version}")
    };
    let name = text(&object["metadata"]["name"]).unwrap();
    match text(&object["metadata"]["namespace"]) {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("{root}/{plural}/{name}"),
    }
}

fn objects() -> Vec<(&'static str, Value)> {
    let ours = json!({ "app.kubernetes.io/managed-by": "kompoxops", "app.kubernetes.io/name": "traefik" });
    let app = json!({ "app.kubernetes.io/managed-by": "kompoxops", "ops.kompox.dev/app": "shop" });
    let cluster = json!({ "ops.kompox.dev/cluster": "w/p/c" });
    let of_app = json!({ "ops.kompox.dev/app-id": "/ws/w/prv/p/cls/c/app/shop" });
    let object = |version: &str,
                  kind: &str,
                  namespace: Option<&str>,
                  name: &str,
                  labels: &Value,
                  notes: &Value| {
        let mut metadata =
            json!({ "name": name, "uid": format!("{kind}-{name}"), "labels": labels, "annotations": notes });
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        json!({ "apiVersion": version, "kind": kind, "metadata": metadata })
    };
    let none = json!({});
    let mut service = object("v1", "Service", Some("traefik"), "traefik", &ours, &cluster);
    service["status"] = json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } });
    let mut deployment = object(
        "apps/v1",
        "Deployment",
        Some("traefik"),
        "traefik",
        &ours,
        &cluster,
    );
    deployment["status"] = json!({ "conditions": [{ "type": "Available", "status": "True" }] });
    let mut volume = object("v1", "PersistentVolume", None, "pv1", &app, &of_app);
    volume["spec"] = json!({ "csi": { "volumeHandle": "/disks/db-first" }, "claimRef": { "namespace": "a", "name": "b" } });
    let mut ingress = object(
        "networking.k8s.io/v1",
        "Ingress",
        Some("shop"),
        "web",
        &none,
        &none,
    );
    ingress["spec"] = json!({ "rules": [{ "host": "www.example.com" }] });
    ingress["status"] = json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } });
    vec![
        (
            "namespaces",
            object("v1", "Namespace", None, "shop", &app, &of_app),
        ),
        (
            "namespaces",
            object("v1", "Namespace", None, "traefik", &ours, &cluster),
        ),
        (
            "configmaps",
            object("v1", "ConfigMap", Some("traefik"), "theirs", &none, &none),
        ),
        ("services", service),
        ("deployments", deployment),
        ("persistentvolumes", volume),
        ("ingresses", ingress),
    ]
}

fn mount() -> VolumeMount {
    let app: AppId = match "/ws/w/prv/p/cls/c/app/shop".parse() {
        Ok(AnyId::App(id)) => id,
        other => panic!("{other:?}"),
    };
    VolumeMount {
        app,
        volume: "db".parse().unwrap(),
        disk: "first".parse().unwrap(),
        name: "pv1".to_owned(),
        namespace: "shop".parse().unwrap(),
        size: ByteSize::from_gib(32).unwrap(),
        class: VolumeClass {
            storage_class: "fast",
            csi_driver: "disk.example",
            fs_type: "ext4",
            access_modes: &["ReadWriteOnce"],
            reclaim_policy: "Retain",
            volume_mode: "Filesystem",
        },
        disk_mount: DiskMount {
            handle: "/disks/another".to_owned(),
            attributes: std::collections::BTreeMap::new(),
            node_labels: std::collections::BTreeMap::new(),
        },
    }
}

/// What everything that this package reads leads to: what each operation found, or that it failed.
async fn look(client: &KubeClient) -> Vec<Option<String>> {
    fn told<T: fmt::Debug, E>(found: Result<T, E>) -> Option<String> {
        found.ok().map(|found| format!("{found:?}"))
    }
    let cx = cx();
    let traefik = Traefik::new("traefik", "traefik", "w/p/c");
    let ingress = Ingress::new(client, &cx, &traefik).unwrap();
    let options = UninstallOptions {
        dry_run: true,
        ..UninstallOptions::default()
    };
    let namespaces = ["shop".to_owned()].into();
    vec![
        told(client.namespace_exists(&cx, "shop").await),
        told(client.running(&cx, "traefik", "traefik").await),
        told(client.load_balancer_address(&cx, "traefik", "traefik").await),
        told(
            client
                .namespaces_of_app(&cx, "shop", "/ws/w/prv/p/cls/c/app/shop")
                .await,
        ),
        told(client.served(&cx, &namespaces, ("traefik", "traefik")).await),
        told(client.references(&cx, "/DISKS/db-first").await),
        told(ingress.look().await.map(|look| look.plan())),
        told(ingress::uninstall(client, &cx, &traefik, options).await),
        // The volume is for another disk: it refuses, and writes nothing.
        match client.apply_mounts(&cx, &[mount()]).await {
            Err(error) if error.kind() == ErrorKind::Precondition => Some(error.to_string()),
            done => told(done),
        },
    ]
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("kind"),
        Just("apiVersion"),
        Just("metadata"),
        Just("items"),
        Just("name"),
        Just("namespace"),
        Just("continue"),
        Just("status"),
        Just("spec"),
        Just("code"),
        Just("message"),
        Just("details"),
        Just("retryAfterSeconds"),
        Just("groups"),
        Just("resources"),
        Just("v1"),
        Just("List"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,5}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(future)
}

#[test]
fn the_cluster_of_these_tests_is_understood() {
    let found = run(async { look(&client(|_, path| genuine(path))).await });
    assert_eq!(found.len(), 9);
    for (number, found) in found.iter().enumerate() {
        assert!(found.is_some(), "operation {number}");
    }
    let all = format!("{found:?}");
    for expected in [
        "www.example.com",
        "pv1",
        "in it is ConfigMap theirs",
        "is for another disk",
    ] {
        assert!(all.contains(expected), "{expected}: {all}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn one_answer_that_is_anything_leads_to_an_error_or_to_the_truth(
        body in any_json(),
        status in prop_oneof![Just(200_u16), Just(201), Just(302), Just(400), Just(404), Just(409), Just(429), Just(500)],
        which in any::<prop::sample::Index>(),
    ) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let truth = run(async {
            look(&client(move |_, path| {
                counted.fetch_add(1, Ordering::Relaxed);
                genuine(path)
            }))
            .await
        });
        let which = which.index(asked.load(Ordering::Relaxed));
        let answer: Answer = (status, vec![], body.to_string().into_bytes());
        let found = run(async {
            look(&client(move |number, path| if number == which { answer.clone() } else { genuine(path) })).await
        });
        for (number, (found, truth)) in found.iter().zip(&truth).enumerate() {
            prop_assert!(found.is_none() || found == truth, "operation {}: {:?} instead of {:?}", number, found, truth);
        }
    }

    #[test]
    fn answers_that_are_anything_lead_to_errors_only(body in any_json(), is_text in any::<bool>()) {
        let body = match (&body, is_text) {
            (Value::String(text), true) => text.clone().into_bytes(),
            _ => body.to_string().into_bytes(),
        };
        let found = run(async { look(&client(move |_, _| (200, vec![], body.clone()))).await });
        prop_assert!(found.iter().all(Option::is_none), "{:?}", found);
    }

    #[test]
    fn a_list_with_one_part_replaced_is_refused_or_holds_what_it_says(
        part in any_json(),
        pointer in prop_oneof![
            Just("/kind"), Just("/apiVersion"), Just("/items"), Just("/items/0"), Just("/items/0/metadata"),
            Just("/items/1/metadata/name"), Just("/items/0/metadata/uid"), Just("/metadata"), Just("/metadata/continue"),
        ],
    ) {
        let mut answered = volume_list(&["a", "b"], "");
        *answered.pointer_mut(pointer).unwrap() = part;
        let answer = ok(&answered);
        let found = run(async { list(&client(move |_, _| answer.clone()), &cx()).await });
        if let Ok(found) = found {
            let mut said: Vec<&str> = answered["items"].as_array().unwrap().iter()
                .map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
            said.sort_unstable();
            said.dedup();
            prop_assert_eq!(names(found), said);
            prop_assert_eq!(answered["kind"].as_str(), Some("PersistentVolumeList"));
        }
    }
}

#[test]
fn kinds_are_listed_where_they_are() {
    let everywhere = Kind::of::<PersistentVolume>().within(Scope::Cluster);
    assert_eq!(everywhere, VOLUMES);
    assert_eq!(everywhere.path(), "/api/v1/persistentvolumes");
}
