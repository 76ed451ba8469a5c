//! `cluster install`: the rights of each identity, and the ingress as it is applied.

use kompox_azure_emulator::{FaultAction, FaultRule};
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::InstallRequest;
use kompox_domain::hint::in_words;
use kompox_domain::{ErrorKind, Event};
use serde_json::json;

use crate::clusters::whole;
use crate::installing::{Site, install, network, plan_install, registry, vault_of};

const DNS_ZONE_CONTRIBUTOR: &str = "befefa01-2a29-4197-83a8-272ff33ce314";
const PRIVATE_DNS_ZONE_CONTRIBUTOR: &str = "b12aa53e-6015-4669-85d0-8515ebb3ae7f";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const REPOSITORY_READER: &str = "b93aa761-3e63-49ed-ac28-beffa264f7ac";
const SECRETS_USER: &str = "4633458b-17de-408a-b874-0445c86b69e6";
const DISK_RESTORE_OPERATOR: &str = "b50d9833-a0cb-478e-945f-707fcc997c13";

/// What the events of a run call its steps.
fn steps(events: &[Event]) -> Vec<String> {
    let started = |event: &Event| match event {
        Event::Started { what, .. } => Some(what.clone()),
        _ => None,
    };
    events.iter().filter_map(started).collect()
}

#[tokio::test]
async fn zones_are_the_cluster_identitys_and_registries_the_kubelet_identitys_and_each_event_says_so() {
    let site = Site::new().await;
    let operator = site.operator();
    install(&operator, InstallRequest::default()).await.unwrap();
    let cluster = site.output("AZURE_AKS_CLUSTER_PRINCIPAL_ID").await;
    let kubelet = site.output("AZURE_AKS_KUBELET_PRINCIPAL_ID").await;
    assert_ne!(cluster, kubelet);
    let right =
        |rest: &str, role: &str, principal: &str| (site.id(rest), role.to_owned(), principal.to_owned());
    let mut expected = vec![
        right(
            &network("dnsZones", "example.com"),
            DNS_ZONE_CONTRIBUTOR,
            &cluster,
        ),
        right(
            &network("privateDnsZones", "internal.example"),
            PRIVATE_DNS_ZONE_CONTRIBUTOR,
            &cluster,
        ),
        right(&registry("legacy"), ACR_PULL, &kubelet),
        right(&registry("abac"), REPOSITORY_READER, &kubelet),
    ];
    expected.sort();
    assert_eq!(site.rights().await, expected);
    let steps = steps(&operator.told.events());
    for step in [
        "give the cluster identity DNS Zone Contributor on DNS zone example.com",
        "give the cluster identity Private DNS Zone Contributor on private DNS zone internal.example",
        "give the kubelet identity AcrPull on container registry legacy",
        "give the kubelet identity Container Registry Repository Reader on container registry abac",
    ] {
        assert!(steps.iter().any(|told| told == step), "{step}: {steps:?}");
    }
}

#[tokio::test]
async fn b48_the_client_address_is_kept_with_and_without_certificates() {
    let mut site = Site::new().await;
    for certificates in [
        &[][..],
        &[("wildcard", "https://kv-shared.vault.azure.net/secrets/wild-card")],
    ] {
        site.put_vault("kv-shared", true).await;
        site.certificates(certificates);
        site.install().await.unwrap();
        let service = site.object("services", "traefik").await.unwrap();
        assert_eq!(service["spec"]["externalTrafficPolicy"], "Local");
        assert_eq!(service["spec"]["type"], "LoadBalancer");
        let deployment = site.object("deployments.apps", "traefik").await.unwrap();
        let pod = &deployment["spec"]["template"];
        assert_eq!(pod["metadata"]["labels"]["azure.workload.identity/use"], "true");
        let arguments = pod["spec"]["containers"][0]["args"].to_string();
        assert!(arguments.contains("--accesslog=true"), "{arguments}");
    }
}

#[tokio::test]
async fn certificates_are_read_by_the_ingress_identity_under_names_that_differ_from_the_vaults() {
    let mut site = Site::new().await;
    site.put_vault("kv-shared", true).await;
    site.put_vault("kv-other", true).await;
    site.certificates(&[
        (
            "wildcard",
            "https://kv-shared.vault.azure.net/secrets/wild-card-2026",
        ),
        ("api", "https://KV-OTHER.vault.azure.net/certificates/Api"),
    ]);
    site.install().await.unwrap();
    let ingress = site.output("AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID").await;
    let client = site.output("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID").await;
    let rights = site.rights().await;
    for (vault, secret) in [("kv-shared", "wild-card-2026"), ("kv-other", "Api")] {
        let scope = format!("{}/secrets/{secret}", site.id(&vault_of(vault)));
        let expected = (scope, SECRETS_USER.to_owned(), ingress.clone());
        assert!(rights.contains(&expected), "{expected:?}: {rights:?}");
    }
    let account = site.object("serviceaccounts", "traefik").await.unwrap();
    assert_eq!(
        account["metadata"]["annotations"]["azure.workload.identity/client-id"],
        client.as_str()
    );
    let class = site
        .object(
            "secretproviderclasses.secrets-store.csi.x-k8s.io",
            "vault-kv-shared",
        )
        .await
        .unwrap();
    let parameters = &class["spec"]["parameters"];
    assert_eq!(parameters["clientID"], client.as_str());
    assert_eq!(parameters["keyvaultName"], "kv-shared");
    assert_eq!(parameters["usePodIdentity"], "false");
    let objects = parameters["objects"].as_str().unwrap();
    assert!(
        objects.contains("wild-card-2026") && objects.contains("secret"),
        "{objects}"
    );
}

#[tokio::test]
async fn b54_a_vault_in_another_subscription_is_found_by_its_address() {
    let mut site = Site::new().await;
    let other = site.add_subscription().await;
    let vault = format!("{other}/resourceGroups/rg{}", vault_of("kv-far"));
    let group = format!("{other}/resourceGroups/rg");
    let body = json!({"location": "japaneast"});
    site.world.emulator.put_resource(&group, body).await.unwrap();
    site.put_vault_at(&vault, "kv-far", true).await;
    site.certificates(&[("far", "https://KV-Far.vault.azure.net/secrets/far")]);
    site.install().await.unwrap();
    let rights = site.rights().await;
    assert!(
        rights
            .iter()
            .any(|(scope, role, _)| *scope == format!("{vault}/secrets/far") && role == SECRETS_USER),
        "{rights:?}"
    );
}

#[tokio::test]
async fn a_vault_without_roles_or_nowhere_to_be_found_is_an_error_before_anything_is_written() {
    let mut site = Site::new().await;
    site.put_vault("kv-policies", false).await;
    site.certificates(&[("a", "https://kv-policies.vault.azure.net/secrets/a")]);
    let error = site.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    let told = whole(&error);
    assert!(
        told.contains("kv-policies") && told.contains("--enable-rbac-authorization true"),
        "{told}"
    );
    site.certificates(&[("a", "https://kv-nowhere.vault.azure.net/secrets/a")]);
    let error = site.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        whole(&error).contains("kv-nowhere.vault.azure.net"),
        "{}",
        whole(&error)
    );
    assert_eq!(site.rights().await, []);
    assert_eq!(site.object("namespaces", "traefik").await, None);
}

#[tokio::test]
async fn the_cluster_identity_may_attach_the_disks_of_every_app_whose_group_is_there() {
    let site = Site::new().await;
    let group = format!("{}/resourceGroups/rg-app", site.world.subscription());
    let attach = |rights: Vec<(String, String, String)>| {
        let of_role = |(_, role, _): &(String, String, String)| role == DISK_RESTORE_OPERATOR;
        rights.into_iter().filter(of_role).collect::<Vec<_>>()
    };
    site.install().await.unwrap();
    assert_eq!(attach(site.rights().await), [], "there is no group yet");
    site.world
        .emulator
        .put_resource(&group, json!({"location": "japaneast"}))
        .await
        .unwrap();
    site.install().await.unwrap();
    let cluster = site.output("AZURE_AKS_CLUSTER_PRINCIPAL_ID").await;
    assert_eq!(
        attach(site.rights().await),
        [(group, DISK_RESTORE_OPERATOR.to_owned(), cluster)]
    );
}

#[tokio::test]
async fn b24_a_right_that_cannot_be_given_fails_the_command_after_everything_else_is_done() {
    let site = Site::new().await;
    let zone = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments/*",
        site.id(&network("dnsZones", "example.com"))
    );
    site.world.fault(FaultRule::new(
        "PUT",
        &zone,
        FaultAction::respond(403, "AuthorizationFailed", "The client may not do that."),
    ));
    let error = site.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let [failure] = error.failures() else {
        panic!("{error:?}")
    };
    assert_eq!(failure.code, "AuthorizationFailed");
    assert!(
        failure.message.starts_with("the cluster identity "),
        "{failure:?}"
    );
    assert!(
        in_words(&failure.hints).contains("roleAssignments/write"),
        "{failure:?}"
    );
    assert_eq!(site.rights().await.len(), 3, "all the others were given");
    let deployment = site.object("deployments.apps", "traefik").await.unwrap();
    assert_eq!(
        deployment["status"]["availableReplicas"],
        deployment["spec"]["replicas"]
    );
    site.world.mend();
    site.install().await.unwrap();
    assert_eq!(site.rights().await.len(), 4);
}

#[tokio::test]
async fn b22_a_locked_scope_is_an_error_and_the_same_right_under_another_name_is_none() {
    let site = Site::new().await;
    let lock = format!(
        "{}/providers/Microsoft.Authorization/locks/keep",
        site.id(&registry("legacy"))
    );
    site.world
        .emulator
        .put_resource(&lock, json!({"properties": {"level": "ReadOnly"}}))
        .await
        .unwrap();
    let error = site.install().await.unwrap_err();
    assert_eq!(error.failures().len(), 1, "{error:?}");
    assert_eq!(error.failures()[0].code, "ScopeLocked");
    site.world.emulator.remove_resource(&lock).await.unwrap();
    site.install().await.unwrap();

    // Somebody gave the same right by hand: as good.
    let (scope, role, principal) = site.rights().await.remove(0);
    let everything = site.world.emulator.resources(&site.world.subscription()).await;
    let ours = everything
        .iter()
        .find(|resource| {
            resource["properties"]["scope"] == scope.as_str()
                && resource["properties"]["description"] == "kompox:ws1/prv1/c1"
        })
        .unwrap();
    site.world
        .emulator
        .remove_resource(ours["id"].as_str().unwrap())
        .await
        .unwrap();
    let theirs = format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001"
    );
    let mut copy = ours.clone();
    copy["id"] = theirs.clone().into();
    copy["name"] = "00000000-0000-4000-8000-000000000001".into();
    copy["properties"]["description"] = "by hand".into();
    assert!(
        copy["properties"]["roleDefinitionId"]
            .as_str()
            .unwrap()
            .ends_with(&role)
    );
    assert_eq!(copy["properties"]["principalId"], principal.as_str());
    site.world.emulator.put_resource(&theirs, copy).await.unwrap();
    site.install().await.unwrap();
    assert_eq!(site.rights().await.len(), 3, "it was not given twice");
}

#[tokio::test]
async fn b23_an_identity_that_entra_id_does_not_know_yet_is_waited_for() {
    let site = Site::new().await;
    let error = FaultAction::respond(
        400,
        "PrincipalNotFound",
        "Principal does not exist in the directory.",
    );
    site.world
        .fault(FaultRule::new("PUT", "**/roleAssignments/*", error).times(3));
    site.install().await.unwrap();
    assert_eq!(site.rights().await.len(), 4);
    let requests = site.world.emulator.requests();
    let puts = requests
        .iter()
        .filter(|request| request.method == "PUT" && request.path.contains("/roleAssignments/"))
        .count();
    assert_eq!(puts, 7, "three were asked for again");
}

#[tokio::test]
async fn b55_without_certificates_no_identity_of_the_ingress_is_needed() {
    let mut site = Site::new().await;
    let id = site.world.cluster_id().await;
    site.cluster.existing = true;
    site.set(&[("AZURE_AKS_RESOURCE_ID", &id)]);
    site.install().await.unwrap();
    let account = site.object("serviceaccounts", "traefik").await.unwrap();
    assert!(account["metadata"]["annotations"]["azure.workload.identity/client-id"].is_null());
}

#[tokio::test]
async fn on_a_cluster_of_somebody_else_the_identities_are_its_own_and_the_ingresss_is_found_by_its_client_id()
{
    let mut site = Site::new().await;
    site.put_vault("kv-shared", true).await;
    let id = site.world.cluster_id().await;
    let client = site.output("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID").await;
    let registries = site.id(&registry("legacy"));
    site.cluster.existing = true;
    site.set(&[
        ("AZURE_AKS_RESOURCE_ID", &id),
        ("AZURE_INGRESS_CLIENT_ID", &client),
        ("AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS", &registries),
    ]);
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    site.install().await.unwrap();
    let kubelet = site.output("AZURE_AKS_KUBELET_PRINCIPAL_ID").await;
    let ingress = site.output("AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID").await;
    let secret = format!("{}/secrets/a", site.id(&vault_of("kv-shared")));
    let mut expected = vec![
        (registries, ACR_PULL.to_owned(), kubelet),
        (secret, SECRETS_USER.to_owned(), ingress),
    ];
    expected.sort();
    assert_eq!(site.rights().await, expected);
}

#[tokio::test]
async fn an_installed_cluster_is_left_as_it_is_and_costs_one_read_per_object() {
    let mut site = Site::new().await;
    site.put_vault("kv-shared", true).await;
    site.certificates(&[("a", "https://kv-shared.vault.azure.net/secrets/a")]);
    let first = site.install().await.unwrap();
    let objects = first
        .of(ChangeAction::Create)
        .filter(|change| !change.resource.starts_with("/subscriptions/"))
        .count();
    let operator = site.operator();
    operator
        .driver
        .clusters()
        .unwrap()
        .wait(&operator.cx, &operator.scope)
        .await
        .unwrap();
    site.world.emulator.clear_requests();
    let again = install(&operator, InstallRequest::default()).await.unwrap();
    assert_eq!(again, Plan::default());
    let requests = site.world.emulator.requests();
    let writes: Vec<_> = requests
        .iter()
        .filter(|request| !matches!(request.method.as_str(), "GET") && !request.path.contains("/listCluster"))
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(writes, [] as [String; 0]);
    let in_cluster = requests
        .iter()
        .filter(|request| request.path.contains("/api/v1/") || request.path.contains("/apis/"))
        .count();
    // And one list, whether another class is the default, and what the agent of Container insights is told.
    assert_eq!(in_cluster, objects + 2, "one read for each object");
    let rights = requests
        .iter()
        .filter(|request| request.path.contains("/roleAssignments/"))
        .count();
    // Two zones, two registries, one secret, one app.
    assert_eq!(rights, 6, "one read for each right");
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_writes_nothing() {
    let site = Site::new().await;
    let plan = plan_install(&site.operator()).await.unwrap();
    assert!(plan.of(ChangeAction::Create).count() > 8, "{plan:?}");
    assert_eq!(site.rights().await, []);
    assert_eq!(site.object("namespaces", "traefik").await, None);
    let done = site.install().await.unwrap();
    assert_eq!(done, plan);
}

#[tokio::test]
async fn after_the_service_account_was_renamed_provisioning_comes_first_and_the_old_one_goes() {
    let mut site = Site::new().await;
    site.install().await.unwrap();
    site.cluster.ingress.service_account = "edge".parse().unwrap();
    let error = site.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    let told = whole(&error);
    assert!(
        told.contains("traefik/traefik") && told.contains("traefik/edge"),
        "{told}"
    );
    assert!(told.contains(": cluster provision"), "{told}");
    site.operator().provision().await.unwrap();
    site.install().await.unwrap();
    assert!(site.object("serviceaccounts", "edge").await.is_some());
    assert_eq!(site.object("serviceaccounts", "traefik").await, None);
    assert_eq!(site.install().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_traefik_that_helm_owns_is_left_alone() {
    let site = Site::new().await;
    let id = site.world.cluster_id().await;
    let metadata = json!({
        "name": "traefik", "namespace": "traefik",
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "traefik", "meta.helm.sh/release-namespace": "traefik"},
    });
    for object in [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "traefik"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
    ] {
        site.world
            .emulator
            .put_kubernetes_object(&id, object)
            .await
            .unwrap();
    }
    let before = site.object("serviceaccounts", "traefik").await;
    let error = site.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(whole(&error).contains("Helm"), "{}", whole(&error));
    assert_eq!(site.object("serviceaccounts", "traefik").await, before);
    assert_eq!(site.rights().await, [], "nothing was given either");
}

#[tokio::test]
async fn two_installs_at_once_both_succeed_and_leave_everything_once() {
    let site = Site::new().await;
    let (one, other) = futures::join!(site.install(), site.install());
    one.unwrap();
    other.unwrap();
    assert_eq!(site.rights().await.len(), 4);
    assert_eq!(site.install().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_cluster_that_is_not_provisioned_is_told_so() {
    let site = Site::new().await;
    site.world
        .emulator
        .remove_resource(&site.world.stack_id())
        .await
        .unwrap();
    let error = site.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(whole(&error).contains(": cluster provision"), "{}", whole(&error));
}

#[tokio::test]
async fn status_shows_the_address_after_installing() {
    let site = Site::new().await;
    site.install().await.unwrap();
    let operator = site.operator();
    let status = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    assert_eq!(status.installed, Some(true));
    assert!(status.ingress_global_ip.is_some(), "{status:?}");
}

#[tokio::test]
async fn rights_that_could_not_be_given_are_told_also_where_the_ingress_does_not_come_up() {
    let site = Site::new().await;
    let refused = FaultAction::respond(403, "AuthorizationFailed", "The client may not do that.");
    site.world
        .fault(FaultRule::new("PUT", "**/roleAssignments/*", refused));
    let id = site.world.cluster_id().await;
    site.world
        .emulator
        .refuse_kubernetes_image(&id, &kompox_kube::traefik::Image::default().reference(), true)
        .await
        .unwrap();
    let mut operator = site.operator();
    operator.cx = operator
        .cx
        .with_deadline(std::time::Instant::now() + std::time::Duration::from_secs(6));
    let error = install(&operator, InstallRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(whole(&error).contains("ImagePullBackOff"), "{}", whole(&error));
    let codes: Vec<&str> = error
        .failures()
        .iter()
        .map(|failure| failure.code.as_str())
        .collect();
    assert_eq!(codes, ["AuthorizationFailed"; 4]);
}

#[tokio::test]
async fn a_dry_run_that_cannot_tell_of_a_right_says_that_nothing_was_done() {
    let site = Site::new().await;
    let refused = FaultAction::respond(403, "AuthorizationFailed", "The client may not do that.");
    site.world
        .fault(FaultRule::new("GET", "**/roleAssignments/*", refused));
    let error = plan_install(&site.operator()).await.unwrap_err();
    assert!(whole(&error).contains("nothing was done"), "{}", whole(&error));
    assert_eq!(site.object("namespaces", "traefik").await, None);
}
