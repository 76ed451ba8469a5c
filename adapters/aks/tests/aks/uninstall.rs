//! `cluster uninstall`: exactly what installing made goes.

use std::time::{Duration, Instant};

use kompox_azure_emulator::{FaultAction, FaultRule};
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::{InstallRequest, UninstallRequest};
use kompox_domain::{ErrorKind, Mode};
use serde_json::json;

use crate::clusters::whole;
use crate::installing::{Site, install, network, plan_uninstall, uninstall, vault_of};

#[tokio::test]
async fn b25_what_installing_made_is_gone_and_so_are_its_rights() {
    let mut site = Site::new().await;
    site.put_vault("kv-shared", true).await;
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    site.install().await.unwrap();
    assert_eq!(site.rights().await.len(), 5);
    let done = site.uninstall().await.unwrap();
    assert_eq!(site.rights().await, []);
    assert_eq!(site.object("namespaces", "traefik").await, None);
    assert!(done.of(ChangeAction::Delete).count() > 10, "{done:?}");
    assert_eq!(done.of(ChangeAction::Keep).count(), 0, "{done:?}");
    assert_eq!(site.uninstall().await.unwrap(), Plan::default());
    let operator = site.operator();
    let status = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    assert_eq!(status.installed, Some(false));
    site.install().await.unwrap();
    assert_eq!(site.rights().await.len(), 5);
}

#[tokio::test]
async fn the_right_to_attach_disks_and_what_is_not_ours_stay() {
    let site = Site::new().await;
    let group = format!("{}/resourceGroups/rg-app", site.world.subscription());
    let body = json!({"location": "japaneast"});
    site.world.emulator.put_resource(&group, body).await.unwrap();
    site.install().await.unwrap();
    let zone = site.id(&network("dnsZones", "example.com"));
    let foreign = format!(
        "{zone}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000009"
    );
    let principal = site.output("AZURE_AKS_CLUSTER_PRINCIPAL_ID").await;
    let assignment = json!({"properties": {
        "principalId": principal, "scope": zone, "description": "by hand", "principalType": "ServicePrincipal",
        "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7", site.world.subscription()),
    }});
    site.world
        .emulator
        .put_resource(&foreign, assignment)
        .await
        .unwrap();
    let id = site.world.cluster_id().await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": "traefik"}});
    site.world
        .emulator
        .put_kubernetes_object(&id, theirs)
        .await
        .unwrap();

    let done = site.uninstall().await.unwrap();
    let kept: Vec<&str> = done
        .of(ChangeAction::Keep)
        .map(|change| change.resource.as_str())
        .collect();
    assert_eq!(kept.len(), 2, "{done:?}");
    assert!(kept.iter().any(|kept| kept.starts_with(&group)), "{kept:?}");
    assert!(kept.iter().any(|kept| kept.contains("Namespace")), "{kept:?}");
    assert_eq!(site.rights().await.len(), 1);
    assert!(site.world.emulator.resource(&foreign).await.is_some());
    assert!(site.object("configmaps", "theirs").await.is_some());
    assert_eq!(site.object("deployments.apps", "traefik").await, None);
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_deletes_nothing() {
    let mut site = Site::new().await;
    site.cluster.ingress.cert_email = Some("ops@example.com".to_owned());
    site.install().await.unwrap();
    let rights = site.rights().await;
    let operator = site.operator();
    let planned = plan_uninstall(&operator).await.unwrap();
    assert_eq!(site.rights().await, rights);
    assert!(site.object("deployments.apps", "traefik").await.is_some());
    assert_eq!(site.install().await.unwrap(), Plan::default());
    let sorted = |plan: &Plan| {
        let mut lines: Vec<String> = plan
            .changes
            .iter()
            .map(|change| format!("{} {}", change.action, change.resource))
            .collect();
        lines.sort();
        lines
    };
    let done = site.uninstall().await.unwrap();
    assert_eq!(sorted(&done), sorted(&planned));
}

#[tokio::test]
async fn b52_certificates_of_acme_survive_unless_told_otherwise() {
    let mut site = Site::new().await;
    site.cluster.ingress.cert_email = Some("ops@example.com".to_owned());
    site.install().await.unwrap();
    let claim = site.object("persistentvolumeclaims", "traefik").await.unwrap();
    site.uninstall().await.unwrap();
    let kept = site.object("persistentvolumeclaims", "traefik").await.unwrap();
    assert_eq!(kept["metadata"]["uid"], claim["metadata"]["uid"]);
    site.install().await.unwrap();
    let again = site.object("persistentvolumeclaims", "traefik").await.unwrap();
    assert_eq!(again["metadata"]["uid"], claim["metadata"]["uid"]);
    let all = UninstallRequest {
        delete_certificates: true,
    };
    uninstall(&site.operator(), all).await.unwrap();
    assert_eq!(site.object("persistentvolumeclaims", "traefik").await, None);
    assert_eq!(site.object("namespaces", "traefik").await, None);
}

#[tokio::test]
async fn where_there_is_no_cluster_nothing_is_installed() {
    let mut site = Site::new().await;
    let id = site.world.cluster_id().await;
    site.world.emulator.remove_resource(&id).await.unwrap();
    assert_eq!(site.uninstall().await.unwrap(), Plan::default());
    site.cluster.existing = true;
    site.set(&[("AZURE_AKS_RESOURCE_ID", &id)]);
    let error = site.uninstall().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        whole(&error).contains("AZURE_AKS_RESOURCE_ID"),
        "{}",
        whole(&error)
    );
}

#[tokio::test]
async fn deprovisioning_takes_the_rights_along_also_those_on_secrets_in_other_subscriptions() {
    let mut site = Site::new().await;
    let other = site.add_subscription().await;
    let group = format!("{other}/resourceGroups/rg");
    let body = json!({"location": "japaneast"});
    site.world.emulator.put_resource(&group, body).await.unwrap();
    site.put_vault_at(&format!("{group}{}", vault_of("kv-far")), "kv-far", true)
        .await;
    site.certificates(&[("far", "https://kv-far.vault.azure.net/secrets/far")]);
    install(&site.operator(), InstallRequest::default())
        .await
        .unwrap();
    assert_eq!(site.rights().await.len(), 5);
    let operator = site.operator();
    operator
        .driver
        .clusters()
        .unwrap()
        .deprovision(
            &operator.cx,
            &operator.scope,
            &kompox_domain::driver::DeprovisionRequest::default(),
            Mode::Apply,
        )
        .await
        .unwrap();
    assert_eq!(site.rights().await, []);
}

#[tokio::test]
async fn two_uninstalls_at_once_both_succeed() {
    let site = Site::new().await;
    site.install().await.unwrap();
    let (one, other) = futures::join!(site.uninstall(), site.uninstall());
    one.unwrap();
    other.unwrap();
    assert_eq!(site.rights().await, []);
    assert_eq!(site.object("namespaces", "traefik").await, None);
}

#[tokio::test]
async fn an_object_that_the_cluster_does_not_delete_is_told_at_once_and_not_waited_for() {
    let site = Site::new().await;
    site.install().await.unwrap();
    for (status, code, kind) in [
        (404, "NotFound", ErrorKind::Unavailable),
        (409, "Conflict", ErrorKind::Conflict),
    ] {
        let refusal = FaultAction::respond(status, code, "No.");
        site.world
            .fault(FaultRule::new("DELETE", "**/services/*", refusal));
        let begun = Instant::now();
        let error = site.uninstall().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.to_string().contains("cannot be deleted"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
    site.world.mend();
    site.uninstall().await.unwrap();
    assert_eq!(site.object("namespaces", "traefik").await, None);
}
