//! Installing: once, again, after changes, and two at once.

use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_kube::Ingress;
use kompox_kube::traefik::{Acme, Traefik};
use serde_json::{Value, json};

use crate::world::{CRDS, World, traefik, with_vault};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/traefik/deployments/traefik";
const SERVICE: &str = "/api/v1/namespaces/traefik/services/traefik";
const CLASS: &str = "/apis/networking.k8s.io/v1/ingressclasses/traefik";

/// Everything in Kubernetes that a Traefik is made of, as it is there.
async fn versions(world: &World, traefik: &Traefik) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    for object in traefik.objects().unwrap() {
        let id = object.id();
        let group = match id.kind.group {
            "" => format!("/api/{}", id.kind.version),
            group => format!("/apis/{group}/{}", id.kind.version),
        };
        let namespace = id
            .namespace
            .as_ref()
            .map(|name| format!("/namespaces/{name}"))
            .unwrap_or_default();
        let path = format!("{group}{namespace}/{}/{}", id.kind.plural, id.name);
        let live = world.api.must("GET", &path, None).await;
        // What controllers tell of an object is no change of it.
        let metadata = &live["metadata"];
        let version = match metadata["generation"].as_i64() {
            Some(generation) => format!("{} {generation}", metadata["uid"]),
            None => format!("{} {}", metadata["uid"], metadata["annotations"]),
        };
        versions.push((id.to_string(), version));
    }
    versions
}

async fn plan(world: &World, traefik: &Traefik) -> Plan {
    let cx = world.cx();
    Ingress::new(&world.client, &cx, traefik)
        .unwrap()
        .look()
        .await
        .unwrap()
        .plan()
}

fn told(plan: &Plan) -> Vec<String> {
    let told = plan
        .changes
        .iter()
        .map(|change| format!("{} {}", change.action, change.resource));
    told.collect()
}

#[tokio::test]
async fn installing_makes_every_object_and_answers_with_the_address_of_the_service() {
    let world = World::lively().await;
    let traefik = traefik();
    let planned = plan(&world, &traefik).await;
    assert!(
        planned
            .changes
            .iter()
            .all(|change| change.action == ChangeAction::Create)
    );
    let address = world.install(&traefik).await.unwrap();
    assert!(address.ip.is_some(), "{address:?}");
    let service = world.api.must("GET", SERVICE, None).await;
    assert_eq!(service["spec"]["externalTrafficPolicy"], "Local");
    assert!(service["spec"]["healthCheckNodePort"].is_i64(), "{service}");
    assert_eq!(
        address.ip.as_deref(),
        service["status"]["loadBalancer"]["ingress"][0]["ip"].as_str()
    );
    assert_eq!(plan(&world, &traefik).await, Plan::default());
    let steps = world.events.steps();
    for object in traefik.objects().unwrap() {
        let step = format!("apply {}", object.id());
        assert_eq!(steps.iter().filter(|told| **told == step).count(), 1, "{steps:?}");
    }
}

#[tokio::test]
async fn installing_what_is_installed_reads_each_object_once_and_writes_nothing() {
    let world = World::lively().await;
    let everything = Traefik {
        custom_resources: true,
        ..with_vault("kv-one", &["www.example.com", "other"])
    };
    for traefik in [traefik(), everything] {
        world.install(&traefik).await.unwrap();
        // Once more, as controllers may have told something since.
        world.install(&traefik).await.unwrap();
        let before = versions(&world, &traefik).await;
        world.forget_requests();
        world.events.clear();
        world.install(&traefik).await.unwrap();
        if let Some(requests) = world.requests() {
            assert!(
                requests.iter().all(|request| request.starts_with("GET ")),
                "{requests:?}"
            );
            // And once which classes there are.
            let objects = traefik.objects().unwrap().len();
            assert_eq!(requests.len(), objects + 1, "{requests:?}");
        }
        assert_eq!(world.events.steps(), [""; 0]);
        assert_eq!(versions(&world, &traefik).await, before);
    }
}

#[tokio::test]
async fn with_force_everything_is_applied_and_nothing_changes() {
    let world = World::lively().await;
    let traefik = traefik();
    world.install(&traefik).await.unwrap();
    let before = versions(&world, &traefik).await;
    world.events.clear();
    world.install_by(&traefik, true).await.unwrap();
    assert_eq!(world.events.steps().len(), traefik.objects().unwrap().len());
    assert_eq!(versions(&world, &traefik).await, before);
}

#[tokio::test]
async fn what_somebody_changed_by_hand_is_found_and_set_right_and_what_they_added_stays() {
    let world = World::lively().await;
    let traefik = traefik();
    world.install(&traefik).await.unwrap();
    let added = json!({ "metadata": { "annotations": { "example.com/mine": "1" } } });
    world.api.merge(DEPLOYMENT, &added).await;
    assert_eq!(plan(&world, &traefik).await, Plan::default());
    // A role that was widened is one that was changed.
    let role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/traefik-traefik";
    let mut wide = world.api.must("GET", role, None).await;
    wide["rules"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }));
    world.api.must("PUT", role, Some(&wide)).await;
    let planned = plan(&world, &traefik).await;
    assert_eq!(told(&planned), ["update ClusterRole traefik-traefik"]);
    assert_eq!(planned.changes[0].reason, "somebody changed .rules");
    world.install_by(&traefik, true).await.unwrap();
    assert_eq!(plan(&world, &traefik).await, Plan::default());
    let live = world.api.must("GET", DEPLOYMENT, None).await;
    assert_eq!(live["metadata"]["annotations"]["example.com/mine"], "1");
}

#[tokio::test]
async fn an_object_that_was_deleted_comes_back() {
    let world = World::lively().await;
    let traefik = traefik();
    world.install(&traefik).await.unwrap();
    world.api.must("DELETE", CLASS, None).await;
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/traefik-traefik";
    world.api.must("DELETE", binding, None).await;
    let planned = plan(&world, &traefik).await;
    assert_eq!(
        told(&planned),
        [
            "create ClusterRoleBinding traefik-traefik",
            "create IngressClass traefik"
        ]
    );
    world.install(&traefik).await.unwrap();
    assert_eq!(plan(&world, &traefik).await, Plan::default());
}

#[tokio::test]
async fn a_renamed_service_account_takes_over_and_the_old_one_goes() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    let renamed = Traefik {
        service_account: "ingress".to_owned(),
        ..traefik()
    };
    let planned = plan(&world, &renamed).await;
    assert!(
        told(&planned).contains(&"delete ServiceAccount traefik/traefik".to_owned()),
        "{planned:?}"
    );
    world.install(&renamed).await.unwrap();
    let accounts = world
        .api
        .names("/api/v1/namespaces/traefik/serviceaccounts")
        .await;
    assert!(
        accounts.contains(&"ingress".to_owned()) && !accounts.contains(&"traefik".to_owned()),
        "{accounts:?}"
    );
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/traefik-traefik";
    let binding = world.api.must("GET", binding, None).await;
    assert_eq!(binding["subjects"][0]["name"], "ingress");
    assert_eq!(plan(&world, &renamed).await, Plan::default());
}

#[tokio::test]
async fn what_is_no_longer_wanted_goes_and_certificates_stay() {
    let world = World::lively().await;
    let acme = Traefik {
        acme: Some(Acme {
            email: "ops@example.com".to_owned(),
            resolver: None,
        }),
        ..with_vault("kv-one", &["www"])
    };
    world.install(&acme).await.unwrap();
    let classes = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/traefik/secretproviderclasses";
    assert_eq!(world.api.names(classes).await, ["kv-one"]);
    let budgets = "/apis/policy/v1/namespaces/traefik/poddisruptionbudgets";
    assert_eq!(world.api.names(budgets).await, [""; 0]);
    world.install(&traefik()).await.unwrap();
    assert_eq!(world.api.names(classes).await, [""; 0]);
    assert_eq!(world.api.names(budgets).await, ["traefik"]);
    let claims = "/api/v1/namespaces/traefik/persistentvolumeclaims";
    assert_eq!(world.api.names(claims).await, ["traefik"]);
    let one = Traefik {
        replicas: Some(1),
        ..traefik()
    };
    world.install(&one).await.unwrap();
    assert_eq!(world.api.names(budgets).await, [""; 0]);
}

#[tokio::test]
async fn what_is_not_ours_or_another_clusters_is_not_pruned() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    let labels = json!({ "app.kubernetes.io/managed-by": "kompoxops", "app.kubernetes.io/name": "traefik" });
    let of = |name: &str, annotations: Value| {
        json!({ "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": { "name": name, "labels": labels, "annotations": annotations } })
    };
    let maps = "/api/v1/namespaces/traefik/configmaps";
    let others = of("others", json!({ "ops.kompox.dev/cluster": "ws1/prv1/other" }));
    for map in [others, of("unsigned", json!({}))] {
        world.api.must("POST", maps, Some(&map)).await;
    }
    let one = Traefik {
        replicas: Some(1),
        ..traefik()
    };
    world.install(&one).await.unwrap();
    let names = world.api.names(maps).await;
    assert!(
        ["others", "unsigned"]
            .iter()
            .all(|name| names.contains(&(*name).to_owned())),
        "{names:?}"
    );
}

#[tokio::test]
async fn custom_resources_bring_definitions_that_keep_every_field() {
    let world = World::lively().await;
    let traefik = Traefik {
        custom_resources: true,
        ..traefik()
    };
    world.install(&traefik).await.unwrap();
    let definitions = world.api.names(CRDS).await;
    assert_eq!(
        definitions
            .iter()
            .filter(|name| name.ends_with(".traefik.io"))
            .count(),
        10
    );
    let path = "/apis/traefik.io/v1alpha1/namespaces/default/middlewares";
    let middleware = json!({ "apiVersion": "traefik.io/v1alpha1", "kind": "Middleware",
        "metadata": { "name": "m" }, "spec": { "anything": { "goes": [1, { "deep": true }] } } });
    // A definition is served a moment after it was made.
    let mut made = (0, Value::Null);
    for _ in 0..100 {
        made = world.api.send("POST", path, Some(&middleware)).await;
        if made.0 != 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(made.0, 201, "{}", made.1);
    assert_eq!(made.1["spec"], middleware["spec"]);
    let definition = world
        .api
        .must("GET", &format!("{CRDS}/middlewares.traefik.io"), None)
        .await;
    // It gets one when it is deleted.
    assert!(definition["metadata"]["finalizers"].is_null(), "{definition}");
    assert_eq!(plan(&world, &traefik).await, Plan::default());
}

#[tokio::test]
async fn two_at_once_both_succeed_and_leave_one_ingress() {
    let world = World::lively().await;
    let traefik = with_vault("kv-one", &["www"]);
    let (one, other) = tokio::join!(world.install(&traefik), world.install(&traefik));
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(plan(&world, &traefik).await, Plan::default());
}

#[tokio::test]
async fn an_installation_that_was_dropped_anywhere_is_completed_by_the_next() {
    let world = World::lively().await;
    let traefik = with_vault("kv-one", &["www"]);
    let objects = traefik.objects().unwrap().len();
    // Each time it comes a step further: what was applied before needs none.
    for _ in 0..objects {
        let before = world.events.steps().len();
        let install = world.install(&traefik);
        let stopped = async {
            while world.events.steps().len() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            done = install => { done.unwrap(); }
            () = stopped => {}
        }
    }
    world.install(&traefik).await.unwrap();
    assert_eq!(plan(&world, &traefik).await, Plan::default());
}

#[tokio::test]
async fn a_namespace_that_is_there_is_used_and_left_as_it_is() {
    let world = World::lively().await;
    world.api.namespace("traefik").await;
    world.install(&traefik()).await.unwrap();
    let namespace = world.api.must("GET", "/api/v1/namespaces/traefik", None).await;
    assert!(namespace["metadata"]["labels"]["app.kubernetes.io/managed-by"].is_null());
    let planned = plan(&world, &traefik()).await;
    assert!(planned.is_empty());
    assert_eq!(told(&planned), ["keep Namespace traefik"]);
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_is_waited_for() {
    let world = World::lively().await;
    let held = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "traefik" } });
    world.api.must("POST", "/api/v1/namespaces", Some(&held)).await;
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "held", "finalizers": ["example.com/hold"] } });
    let maps = "/api/v1/namespaces/traefik/configmaps";
    world.api.must("POST", maps, Some(&map)).await;
    // A namespace of a real API server goes when its finalizer is taken away, whatever is in it.
    world.api.must("DELETE", "/api/v1/namespaces/traefik", None).await;
    let traefik = traefik();
    let install = world.install(&traefik);
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let free = json!({ "metadata": { "finalizers": null } });
        let path = format!("{maps}/held");
        let kind = "application/merge-patch+json";
        world
            .api
            .try_send("PATCH", &path, kind, Some(&free))
            .await
            .unwrap();
    };
    let (installed, ()) = tokio::join!(install, release);
    installed.unwrap();
    assert_eq!(plan(&world, &traefik).await, Plan::default());
}
