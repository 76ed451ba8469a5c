//! What each operation on clusters may do is enough for it, and taking an action away is felt.

use kompox_aks::permissions::actions;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::{DeprovisionRequest, KubeconfigRequest, UninstallRequest};
use kompox_domain::progress::WarningKind;
use kompox_domain::{Error, ErrorKind, Event, Mode, Operation as Op, Result};
use serde_json::json;

use crate::clusters::{Operator, World, whole};
use crate::installing::{Site, uninstall, vault_of};

fn allow(world: &World, operation: Op, without: Option<&str>) {
    let listed = actions(operation, Mode::Apply);
    allow_of(world, listed, without);
}

fn allow_planning(world: &World, operation: Op) {
    allow_of(world, actions(operation, Mode::Plan), None);
}

fn allow_of(world: &World, listed: &[&str], without: Option<&str>) {
    let left = listed.iter().filter(|action| Some(**action) != without);
    world
        .emulator
        .restrict_caller(Some(left.map(|action| (*action).to_owned()).collect()));
}

async fn deprovision(operator: &Operator) -> Result<()> {
    let request = DeprovisionRequest::default();
    let Operator {
        driver, scope, cx, ..
    } = operator;
    driver
        .clusters()
        .unwrap()
        .deprovision(cx, scope, &request, Mode::Apply)
        .await
        .map(drop)
}

#[tokio::test]
async fn every_operation_on_a_cluster_works_with_exactly_the_permissions_that_are_listed_for_it() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    let Operator {
        driver, scope, cx, ..
    } = &operator;
    allow(&world, Op::ClusterCheck, None);
    driver.clusters().unwrap().check(cx, scope).await.unwrap();
    allow_planning(&world, Op::ClusterProvision);
    operator.plan().await.unwrap();
    allow(&world, Op::ClusterProvision, None);
    operator.provision().await.unwrap();
    allow_planning(&world, Op::ClusterProvision);
    world
        .operator(&[("AZURE_AKS_SKU_TIER", "Standard")])
        .plan()
        .await
        .unwrap();
    allow(&world, Op::ClusterStatus, None);
    let status = driver.clusters().unwrap().status(cx, scope).await.unwrap();
    assert_eq!((status.provisioned, status.installed), (Some(true), Some(false)));
    allow(&world, Op::ClusterWait, None);
    driver.clusters().unwrap().wait(cx, scope).await.unwrap();
    allow(&world, Op::ClusterKubeconfig, None);
    driver
        .clusters()
        .unwrap()
        .kubeconfig(cx, scope, &KubeconfigRequest::default())
        .await
        .unwrap();
    allow_planning(&world, Op::ClusterDeprovision);
    driver
        .clusters()
        .unwrap()
        .deprovision(cx, scope, &DeprovisionRequest::default(), Mode::Plan)
        .await
        .unwrap();
    allow(&world, Op::ClusterDeprovision, None);
    deprovision(&operator).await.unwrap();
}

#[tokio::test]
async fn an_action_that_is_missing_is_named_and_the_next_run_with_it_goes_on() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    for (operation, action) in [
        (Op::ClusterProvision, "Microsoft.Resources/deploymentStacks/write"),
        (
            Op::ClusterProvision,
            "Microsoft.ContainerService/managedClusters/write",
        ),
        (Op::ClusterDeprovision, "Microsoft.Authorization/locks/read"),
        (
            Op::ClusterDeprovision,
            "Microsoft.Resources/deploymentStacks/delete",
        ),
        (
            Op::ClusterDeprovision,
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        ),
    ] {
        allow(&world, operation, Some(action));
        let done = match operation {
            Op::ClusterProvision => operator.provision().await.map(drop),
            _ => deprovision(&operator).await,
        };
        let error = done.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{action}: {error:?}");
        let whole = whole(&error);
        assert!(whole.contains(action), "{action}: {whole}");
        if action.ends_with("managedClusters/write") {
            allow(&world, operation, None);
            operator.provision().await.unwrap();
        }
    }
    allow(&world, Op::ClusterDeprovision, None);
    deprovision(&operator).await.unwrap();
}

const ADMIN_CREDENTIAL: &str = "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action";
const USER_CREDENTIAL: &str = "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";

/// Zones, registries of both kinds, the group of an app, and a certificate in another subscription.
async fn site_with_everything() -> Site {
    let mut site = Site::new().await;
    let group = format!("{}/resourceGroups/rg-app", site.world.subscription());
    let far = site.add_subscription().await;
    let far = format!("{far}/resourceGroups/rg");
    for group in [&group, &far] {
        let body = json!({"location": "japaneast"});
        site.world.emulator.put_resource(group, body).await.unwrap();
    }
    site.put_vault_at(&format!("{far}{}", vault_of("kv-far")), "kv-far", true)
        .await;
    site.certificates(&[("far", "https://kv-far.vault.azure.net/secrets/far")]);
    site
}

#[tokio::test]
async fn installing_and_uninstalling_work_with_exactly_the_permissions_that_are_listed_for_them() {
    let site = site_with_everything().await;
    allow(&site.world, Op::ClusterInstall, None);
    let done = site.install().await.unwrap();
    assert!(done.of(ChangeAction::Create).count() > 10, "{done:?}");
    assert_eq!(site.rights().await.len(), 6);
    assert_eq!(site.install().await.unwrap(), Plan::default());
    allow(&site.world, Op::ClusterUninstall, None);
    site.uninstall().await.unwrap();
    // The right to attach disks stays.
    assert_eq!(site.rights().await.len(), 1);
    assert_eq!(site.object("namespaces", "traefik").await, None);
}

/// Where an error says what is missing: in itself, or in what it says of each right.
fn names(error: &Error, action: &str) -> bool {
    let of_rights = error.failures().iter();
    whole(error).contains(action)
        || of_rights
            .into_iter()
            .any(|failure| failure.message.contains(action))
}

/// Those without which there is no refusal to tell of: either credential will do, only somebody else's cluster is asked
/// for identities, and subscriptions that may not be read are missing in their listing.
const UNTOLD: [&str; 4] = [
    ADMIN_CREDENTIAL,
    USER_CREDENTIAL,
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    "Microsoft.Resources/subscriptions/read",
];

#[tokio::test]
async fn installing_without_one_of_its_permissions_fails_naming_it_and_goes_on_once_it_is_there() {
    let site = site_with_everything().await;
    for action in actions(Op::ClusterInstall, Mode::Apply) {
        if UNTOLD.contains(action) {
            continue;
        }
        allow(&site.world, Op::ClusterInstall, Some(action));
        let error = site.install().await.unwrap_err();
        assert!(names(&error, action), "{action}: {error:?}");
    }
    allow(&site.world, Op::ClusterInstall, None);
    site.install().await.unwrap();
    assert_eq!(site.rights().await.len(), 6);
}

#[tokio::test]
async fn uninstalling_without_one_of_its_permissions_tells_which_and_goes_on_once_it_is_there() {
    let site = site_with_everything().await;
    for action in actions(Op::ClusterUninstall, Mode::Apply) {
        if UNTOLD.contains(action) {
            continue;
        }
        site.world.emulator.restrict_caller(None);
        site.install().await.unwrap();
        allow(&site.world, Op::ClusterUninstall, Some(action));
        let operator = site.operator();
        let done = uninstall(&operator, UninstallRequest::default()).await;
        if *action == "Microsoft.KeyVault/vaults/read" {
            // Where the vault is nobody knows any more, and all else is done.
            done.unwrap();
            let warned = operator.told.events().iter().any(|event| {
                matches!(event, Event::Warning { kind: WarningKind::Unchecked, message, .. }
                    if message.contains(action) && message.contains("kv-far"))
            });
            assert!(warned, "{:?}", operator.told.events());
            assert_eq!(site.rights().await.len(), 2);
        } else {
            let error = done.unwrap_err();
            assert!(names(&error, action), "{action}: {error:?}");
        }
    }
    allow(&site.world, Op::ClusterUninstall, None);
    site.uninstall().await.unwrap();
    assert_eq!(site.rights().await.len(), 1);
}

#[tokio::test]
async fn the_administrators_credential_is_enough_and_with_the_users_kubernetes_asks_for_rights_of_its_own() {
    let site = site_with_everything().await;
    for operation in [Op::ClusterInstall, Op::ClusterUninstall] {
        let listed = actions(operation, Mode::Apply).iter();
        let neither = listed.filter(|action| ![ADMIN_CREDENTIAL, USER_CREDENTIAL].contains(action));
        let neither: Vec<String> = neither.map(|action| (*action).to_owned()).collect();
        let run = async || match operation {
            Op::ClusterInstall => site.install().await,
            _ => site.uninstall().await,
        };
        site.world.emulator.restrict_caller(Some(neither));
        let error = run().await.unwrap_err();
        assert!(
            names(&error, ADMIN_CREDENTIAL) || names(&error, USER_CREDENTIAL),
            "{error:?}"
        );
        allow(&site.world, operation, Some(ADMIN_CREDENTIAL));
        let error = run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
        assert!(whole(&error).contains("is forbidden: User"), "{error:?}");
        allow(&site.world, operation, Some(USER_CREDENTIAL));
        run().await.unwrap();
    }
}

#[tokio::test]
async fn on_a_cluster_of_somebody_else_the_identity_of_the_ingress_is_looked_up_and_that_may_be_missing() {
    let mut site = site_with_everything().await;
    let id = site.world.cluster_id().await;
    let client = site.output("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID").await;
    site.cluster.existing = true;
    site.set(&[
        ("AZURE_AKS_RESOURCE_ID", &id),
        ("AZURE_INGRESS_CLIENT_ID", &client),
    ]);
    for operation in [Op::ClusterInstall, Op::ClusterUninstall] {
        let run = async || match operation {
            Op::ClusterInstall => site.install().await,
            _ => site.uninstall().await,
        };
        let action = "Microsoft.ManagedIdentity/userAssignedIdentities/read";
        allow(&site.world, operation, Some(action));
        let error = run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
        assert!(names(&error, action), "{error:?}");
        allow(&site.world, operation, None);
        run().await.unwrap();
    }
}
