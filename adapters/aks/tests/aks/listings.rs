//! A `200` that is not a list is no empty list, and an element that does not say what it is is not left out: whoever
//! decides by what is there would take what is there for gone.

use kompox_azure_emulator::{FaultAction, FaultRule, Respond};
use kompox_domain::cluster::Verdict;
use kompox_domain::driver::{DeprovisionRequest, InstallRequest};
use kompox_domain::{ErrorKind, Mode, Result};
use serde_json::{Value, json};

use crate::clusters::{Operator, World};
use crate::installing::{Site, install};
use crate::support::{app, context};

/// Answers that are no listing, or one with an element that does not say what it is.
const NO_LISTS: &[&str] = &[
    "{}",
    "[]",
    r#"{"error": {"code": "InternalServerError", "message": "Oops."}}"#,
    r#"{"value": null}"#,
    r#"{"value": [{}]}"#,
    r#"{"value": [{"properties": {}, "type": "t", "tags": {}}]}"#,
];

fn answering(path: &str, body: &str) -> FaultRule {
    FaultRule::new(
        "GET",
        path,
        FaultAction::Respond(Respond {
            status: 200,
            body: Some(body.to_owned()),
            ..Respond::default()
        }),
    )
}

/// Demands that an operation fails, and writes nothing, whatever a listing answers that is none.
async fn demanded<T: std::fmt::Debug>(
    world: &World,
    path: &str,
    kind: ErrorKind,
    operation: impl AsyncFn() -> Result<T>,
) {
    for body in NO_LISTS {
        world.fault(answering(path, body));
        let Err(error) = operation().await else {
            panic!("{path} answers {body}, and all is said to be well");
        };
        world.mend();
        assert_eq!(error.kind(), kind, "{path} answers {body}: {error:?}");
        assert_eq!(world.writes(), Vec::<String>::new(), "{path} answers {body}");
    }
}

async fn deprovision(operator: &Operator) -> Result<()> {
    let request = DeprovisionRequest::default();
    let clusters = operator.driver.clusters().unwrap();
    let done = clusters.deprovision(&operator.cx, &operator.scope, &request, Mode::Apply);
    done.await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_neither_planned_provisioned_nor_taken_down_by_what_is_no_listing() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    world.emulator.clear_requests();
    let clusters = "**/rg-cluster/providers/Microsoft.ContainerService/managedClusters";
    demanded(&world, clusters, ErrorKind::Unavailable, async || {
        operator.plan().await
    })
    .await;
    demanded(&world, clusters, ErrorKind::Unavailable, async || {
        operator.force().await
    })
    .await;
    for path in [
        "**/rg-cluster/resources",
        "**/rg-cluster/providers/Microsoft.Authorization/locks",
        "**/providers/Microsoft.Authorization/roleAssignments",
        "**/providers/Microsoft.KeyVault/deletedVaults",
        "**/MC_*/providers/Microsoft.Compute/disks",
        "**/MC_*/providers/Microsoft.Compute/snapshots",
    ] {
        demanded(&world, path, ErrorKind::Unavailable, async || {
            deprovision(&operator).await
        })
        .await;
    }
    deprovision(&operator).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_does_not_say_that_a_cluster_is_gone_because_of_what_is_no_listing() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    let found = async || {
        let status = operator
            .driver
            .clusters()
            .unwrap()
            .status(&operator.cx, &operator.scope)
            .await;
        status.unwrap().provisioned
    };
    assert_eq!(found().await, Some(true));
    for body in NO_LISTS {
        world.fault(answering("**/managedClusters", body));
        assert_eq!(found().await, None, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_resource_is_no_answer_to_the_question_for_one() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    world.emulator.clear_requests();
    for path in ["**/deploymentStacks/*", "**/resourceGroups/rg-cluster"] {
        demanded(&world, path, ErrorKind::Unavailable, async || {
            operator.plan().await
        })
        .await;
        demanded(&world, path, ErrorKind::Unavailable, async || {
            deprovision(&operator).await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_neither_given_nor_taken_by_what_is_no_listing() {
    let mut site = Site::new().await;
    site.put_vault("kv-shared", true).await;
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    let vaults = "**/providers/Microsoft.KeyVault/vaults";
    let installing = async || install(&site.operator(), InstallRequest::default()).await;
    demanded(&site.world, vaults, ErrorKind::NotFound, installing).await;
    // Where the vault is not beside the cluster, every subscription that can be seen is looked into.
    site.certificates(&[("a", "https://kv-other.vault.azure.net/secrets/a")]);
    demanded(
        &site.world,
        "/subscriptions",
        ErrorKind::Unavailable,
        async || install(&site.operator(), InstallRequest::default()).await,
    )
    .await;
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    site.install().await.unwrap();
    let rights = site.rights().await;
    for body in NO_LISTS {
        site.world.fault(answering(
            "**/providers/Microsoft.Authorization/roleAssignments",
            body,
        ));
        // What is in the cluster goes first; that the rights are gone is not said.
        let error = site.uninstall().await.expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{body}: {error:?}");
    }
    site.world.mend();
    assert_eq!(site.rights().await, rights);
    site.uninstall().await.unwrap();
    assert_ne!(site.rights().await, rights);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_not_found_by_what_is_no_listing() {
    let mut site = Site::new().await;
    let id = site.world.cluster_id().await;
    let client = site.output("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID").await;
    site.put_vault("kv-shared", true).await;
    site.cluster.existing = true;
    site.set(&[
        ("AZURE_AKS_RESOURCE_ID", &id),
        ("AZURE_INGRESS_CLIENT_ID", &client),
    ]);
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    site.world.emulator.clear_requests();
    let path = "**/userAssignedIdentities";
    demanded(&site.world, path, ErrorKind::Unavailable, async || {
        site.install().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_is_not_empty_because_of_what_is_no_listing() {
    let world = World::new().await;
    let zone = format!(
        "{}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com",
        world.subscription()
    );
    let put = async |id: &str, body: Value| world.emulator.put_resource(id, body).await.unwrap();
    put(
        zone.split("/providers").next().unwrap(),
        json!({"location": "japaneast"}),
    )
    .await;
    put(&zone, json!({"location": "global", "properties": {}})).await;
    let operator = world.operator(&[("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", &zone)]);
    let mut scope = app("app1", "rg-app");
    scope.cluster = operator.scope.clone();
    demanded(&world, "**/recordsets", ErrorKind::Unavailable, async || {
        operator
            .driver
            .dns()
            .unwrap()
            .destroy(&context().0, &scope, Mode::Apply)
            .await
    })
    .await;
    // A strange record set of somebody else is none of ours, and one that says that it is ours must be readable.
    let element = |properties: Value| json!({"id": "/z/A/www", "name": "www", "type": "a/b/A", "properties": properties});
    let destroy = async || {
        operator
            .driver
            .dns()
            .unwrap()
            .destroy(&context().0, &scope, Mode::Apply)
            .await
    };
    for properties in [
        json!(7),
        json!({"TTL": "x"}),
        json!({"TTL": -1, "metadata": {"k": 7}}),
    ] {
        strange(&world, "**/recordsets", &element(properties));
        assert!(destroy().await.unwrap().records.is_empty());
    }
    let ours = json!({"TTL": "x", "metadata": {"Managed-By": "kompox"}});
    strange(&world, "**/recordsets", &element(ours));
    assert_eq!(destroy().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_unknown_and_not_that_there_is_none_of_what_is_no_listing() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    let check = async |kind: &str| {
        let checks = operator
            .driver
            .clusters()
            .unwrap()
            .check(&operator.cx, &operator.scope)
            .await
            .unwrap();
        let verdicts = checks
            .iter()
            .filter(|check| check.kind == kind)
            .map(|check| check.verdict);
        verdicts.collect::<Vec<_>>()
    };
    for (path, kind) in [
        ("/subscriptions/*/providers", "providers"),
        ("**/usages", "quota"),
        ("**/skus", "skus"),
        ("**/deletedVaults", "vaultNames"),
        (
            "/subscriptions/*/providers/Microsoft.Authorization/permissions",
            "permissions",
        ),
        ("**/kubernetesVersions", "kubernetesVersion"),
    ] {
        assert!(
            check(kind).await.iter().all(|verdict| *verdict == Verdict::Pass),
            "{kind}"
        );
        let values = r#"{"values": [{}]}"#;
        for body in NO_LISTS.iter().chain([&values]) {
            world.fault(answering(path, body));
            assert_eq!(check(kind).await, [Verdict::Unknown], "{path} answers {body}");
        }
        world.mend();
    }
}

/// Somebody else's resource that nobody can read, beside those of a listing.
fn strange(world: &World, path: &str, element: &Value) {
    world.fault(answering(path, &json!({"value": [element]}).to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strange_resource_of_somebody_else_breaks_no_listing() {
    let mut site = Site::new().await;
    let world = &site.world;
    let element = |name: &str| json!({"id": format!("/x/{name}"), "name": name, "properties": 7});
    let operator = world.operator(&[]);
    strange(world, "**/deletedVaults", &element("v"));
    let checks = operator
        .driver
        .clusters()
        .unwrap()
        .check(&operator.cx, &operator.scope)
        .await
        .unwrap();
    assert!(checks.iter().any(|check| check.kind == "vaultNames"));
    strange(world, "**/rg-cluster/**/managedClusters", &element("c"));
    let status = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    assert_eq!(status.provisioned, Some(false), "{status:?}");
    let ours = json!({"id": "/x/c", "name": "c", "tags": {"kompox-cluster": "ws1/prv1/c1", "managed-by": "kompox"},
        "properties": 7});
    strange(world, "**/rg-cluster/**/managedClusters", &ours);
    let status = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    assert_eq!(status.provisioned, None, "{status:?}");
    world.mend();

    site.put_vault("kv-shared", true).await;
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    site.install().await.unwrap();
    let rights = site.rights().await.len();
    strange(&site.world, "**/roleAssignments", &element("r"));
    site.uninstall().await.unwrap();
    site.world.mend();
    assert_eq!(
        site.rights().await.len(),
        rights,
        "nothing was listed that is ours"
    );
}

/// Left out, another disk would be the newest, and none the assigned one.
#[tokio::test]
async fn a_disk_that_is_called_ours_is_not_left_out_because_its_tags_are_none() {
    let world = crate::support::World::new().await;
    world.create("db", "one").await.unwrap();
    let whole = world.raw("disks", "db", "one").await.unwrap();
    for broken in [
        json!(5),
        json!("text"),
        json!([]),
        json!({"kompox-volume": 5}),
        json!({"Kompox-Disk-Assigned": true}),
    ] {
        let mut disk = whole.clone();
        disk["tags"] = broken.clone();
        let list = json!({ "value": [disk] }).to_string();
        world.fault(answering("**/disks", &list));
        let error = world.disks("db").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{broken}: {error:?}");
    }
    // One that has no tags at all is somebody else's, and so are strange tags of other names.
    for foreign in [json!(null), json!({})] {
        let mut disk = whole.clone();
        disk["tags"] = foreign;
        world.fault(answering("**/disks", &json!({ "value": [disk] }).to_string()));
        assert_eq!(world.disks("db").await.unwrap().len(), 0);
    }
    let mut disk = whole.clone();
    disk["tags"]["mine"] = json!(5);
    world.fault(answering("**/disks", &json!({ "value": [disk] }).to_string()));
    assert_eq!(world.disks("db").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_disk_whose_id_is_not_that_of_its_name_is_neither_ours_nor_left_out() {
    let world = crate::support::World::new().await;
    world.create("db", "one").await.unwrap();
    let whole = world.raw("disks", "db", "one").await.unwrap();
    let (id, name) = (whole["id"].as_str().unwrap(), whole["name"].as_str().unwrap());
    for (field, other) in [
        ("name", name.replace("one", "two")),
        ("name", "foreign".to_owned()),
        ("id", id.replace("one", "two")),
        ("id", id.replace("/disks/", "/snapshots/")),
        ("id", id.replace("/resourceGroups/", "/resourceGroups/x")),
    ] {
        let mut disk = whole.clone();
        disk[field] = other.clone().into();
        world.fault(answering("**/disks", &json!({ "value": [disk] }).to_string()));
        let error = world.disks("db").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{other}: {error:?}");
    }
    // Azure writes ids in one case here and in another there, and what others call theirs is theirs.
    let mut foreign = whole.clone();
    (foreign["id"], foreign["name"]) = ("/somewhere/else/".into(), "theirs".into());
    let mut upper = whole.clone();
    upper["id"] = id.to_uppercase().into();
    world.fault(answering(
        "**/disks",
        &json!({ "value": [foreign, upper] }).to_string(),
    ));
    assert_eq!(world.disks("db").await.unwrap().len(), 1);
}
