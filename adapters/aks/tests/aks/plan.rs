//! What provisioning would do, and what it refuses.

use kompox_domain::hint::in_words;
use std::collections::BTreeSet;

use kompox_azure_emulator::{FaultAction, FaultRule};
use kompox_domain::ErrorKind;
use kompox_domain::cluster::{ChangeAction, Plan};
use serde_json::json;

use crate::chains::{depth, slowly};
use crate::clusters::{GROUP, PATH, World, whole};

fn lines(plan: &Plan, action: ChangeAction) -> Vec<String> {
    plan.of(action).map(|change| change.resource.clone()).collect()
}

fn inputs(plan: &Plan) -> Vec<(&str, Option<&str>, Option<&str>)> {
    plan.inputs
        .iter()
        .map(|input| (input.name.as_str(), input.from.as_deref(), input.to.as_deref()))
        .collect()
}

async fn provisioned() -> World {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    world.emulator.clear_requests();
    world
}

#[tokio::test]
async fn what_is_planned_for_a_new_cluster_is_what_there_is_afterwards() {
    let world = World::new().await;
    let operator = world.operator(&[("AZURE_APPLICATION_INSIGHTS", "true")]);
    let plan = operator.plan().await.unwrap();
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(plan.inputs, []);
    assert_eq!(plan.of(ChangeAction::Create).count(), plan.changes.len());
    operator.provision().await.unwrap();
    let foretold: BTreeSet<String> = lines(&plan, ChangeAction::Create)
        .into_iter()
        .filter(|resource| resource.starts_with('/'))
        .map(|resource| resource.to_lowercase())
        .collect();
    let following = [
        "roleassignments",
        "diagnosticsettings",
        "datacollectionruleassociations",
        "federatedidentitycredentials",
    ];
    let stack = world.stack().await;
    let made: BTreeSet<String> = stack["properties"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["id"].as_str().unwrap().to_lowercase())
        .filter(|id| !following.iter().any(|kind| id.contains(kind)))
        .collect();
    assert_eq!(foretold, made);
}

#[tokio::test]
async fn nothing_is_planned_where_everything_is_as_configured() {
    let world = provisioned().await;
    let plan = world.operator(&[]).plan().await.unwrap();
    assert_eq!(plan, Plan::default());
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn each_edit_is_one_line_with_both_values_and_names_what_it_reaches() {
    let world = provisioned().await;
    let plan = world
        .operator(&[("AZURE_AKS_SKU_TIER", "Standard")])
        .plan()
        .await
        .unwrap();
    assert_eq!(inputs(&plan), [("skuTier", Some("Free"), Some("Standard"))]);
    let updated = lines(&plan, ChangeAction::Update);
    let kinds = |kind: &str| updated.iter().filter(|id| id.contains(kind)).count();
    assert_eq!(kinds("/managedClusters/"), 1, "{updated:?}");
    assert_eq!(kinds("/vaults/"), 0, "{updated:?}");
    assert_eq!(lines(&plan, ChangeAction::Delete), Vec::<String>::new());

    let plan = world
        .operator(&[("AZURE_KEY_VAULT_PURGE_PROTECTION", "true")])
        .plan()
        .await
        .unwrap();
    assert_eq!(
        inputs(&plan),
        [("vaultPurgeProtection", Some("false"), Some("true"))]
    );
    let updated = lines(&plan, ChangeAction::Update);
    assert!(
        updated.len() == 1 && updated[0].contains("/vaults/"),
        "{updated:?}"
    );
}

#[tokio::test]
async fn what_leaves_the_template_is_told_before_it_is_deleted() {
    let world = World::new().await;
    world
        .operator(&[("AZURE_APPLICATION_INSIGHTS", "true")])
        .provision()
        .await
        .unwrap();
    let operator = world.operator(&[]);
    let deleted = lines(&operator.plan().await.unwrap(), ChangeAction::Delete);
    assert!(
        deleted.len() == 1 && deleted[0].contains("Microsoft.Insights/components/"),
        "{deleted:?}"
    );
    let id = deleted[0].clone();
    assert!(world.emulator.resource(&id).await.is_some());
    operator.provision().await.unwrap();
    assert!(world.emulator.resource(&id).await.is_none());
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn what_cannot_change_is_refused_before_any_write_and_named_with_both_values() {
    let world = provisioned().await;
    let subnet = "/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/v/subnets/x";
    for (setting, value, fragments) in [
        (
            "AZURE_AKS_SYSTEM_VM_SIZE",
            "Standard_D16s_v5",
            ["the VM size of node pool system", "Standard_D16s_v5"],
        ),
        (
            "AZURE_AKS_USER_VM_SIZE",
            "Standard_D16s_v5",
            ["the VM size of node pool user", "Standard_D16s_v5"],
        ),
        (
            "AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB",
            "512",
            ["the OS disk size of node pool system", "512 GB"],
        ),
        (
            "AZURE_AKS_USER_VM_DISK_TYPE",
            "Ephemeral",
            ["the OS disk type of node pool user", "Managed"],
        ),
        (
            "AZURE_AKS_USER_VM_PRIORITY",
            "Spot",
            ["the priority of node pool user", "Regular"],
        ),
        (
            "AZURE_AKS_USER_VM_ZONES",
            "1",
            ["the zones of the user pools", "none"],
        ),
        (
            "AZURE_AKS_SYSTEM_VM_ZONES",
            "1",
            ["the zones of node pool system", "none"],
        ),
        (
            "AZURE_AKS_PRIVATE_CLUSTER",
            "true",
            ["the API server is public", "private"],
        ),
        (
            "AZURE_AKS_VNET_SUBNET_ID",
            subnet,
            ["the subnet of node pool system", "subnets/x"],
        ),
        (
            "AZURE_RESOURCE_GROUP_NAME",
            "another",
            ["the resource group is rg-cluster", "another"],
        ),
        (
            "AZURE_LOCATION",
            "westeurope",
            ["the region is japaneast", "westeurope"],
        ),
    ] {
        let operator = world.operator(&[(setting, value)]);
        for outcome in [operator.plan().await, operator.provision().await] {
            let error = outcome.expect_err(setting);
            assert_eq!(
                error.kind(),
                ErrorKind::Precondition,
                "{setting}: {}",
                whole(&error)
            );
            for fragment in fragments {
                assert!(error.to_string().contains(fragment), "{setting}: {error}");
            }
            assert!(in_words(error.hints()).contains("deprovision"), "{setting}");
        }
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn whether_nodes_attach_ultra_disks_is_sent_and_cannot_change() {
    let world = World::new().await;
    let zones = ("AZURE_AKS_USER_VM_ZONES", "1,2");
    let ultra = ("AZURE_AKS_USER_VM_ULTRA_SSD", "true");
    world.operator(&[zones, ultra]).provision().await.unwrap();
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let pools = cluster["properties"]["agentPoolProfiles"].as_array().unwrap();
    let told: Vec<(&str, bool)> = pools
        .iter()
        .map(|pool| (pool["name"].as_str().unwrap(), pool["enableUltraSSD"] == true))
        .collect();
    assert_eq!(told, [("system", false), ("user1", true), ("user2", true)]);
    assert_eq!(
        world.operator(&[zones, ultra]).plan().await.unwrap(),
        Plan::default()
    );
    let error = world.operator(&[zones]).plan().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(
        error
            .to_string()
            .contains("the support for Ultra disks of node pool user1 is on and would be off"),
        "{error}"
    );
}

#[tokio::test]
async fn zones_are_added_to_user_pools_with_a_pool_each_and_none_is_taken_away() {
    let world = World::new().await;
    let zones = |zones: &'static str| world.operator(&[("AZURE_AKS_USER_VM_ZONES", zones)]);
    zones("1").provision().await.unwrap();
    let more = zones("1,2");
    let created = lines(&more.plan().await.unwrap(), ChangeAction::Create);
    assert!(
        matches!(&created[..], [pool] if pool.ends_with("/agentPools/user2")),
        "{created:?}"
    );
    more.provision().await.unwrap();
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let pools = cluster["properties"]["agentPoolProfiles"].as_array().unwrap();
    let names: Vec<&str> = pools.iter().map(|pool| pool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["system", "user1", "user2"]);
    for fewer in ["2", "1,3"] {
        let error = zones(fewer).plan().await.unwrap_err();
        assert!(
            error.to_string().contains("the zones of the user pools is 1, 2"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn that_new_exceptions_of_the_proxy_drain_the_nodes_is_told_before() {
    let world = World::new().await;
    let proxy = ("AZURE_AKS_HTTPS_PROXY", "http://proxy.example.com:3128");
    world.operator(&[proxy]).provision().await.unwrap();
    let operator = world.operator(&[proxy, ("AZURE_AKS_NO_PROXY", ".example.com")]);
    let plan = operator.plan().await.unwrap();
    let told = plan
        .of(ChangeAction::Update)
        .any(|change| change.reason.contains("drains them"));
    assert!(told, "{plan:?}");
}

#[tokio::test]
async fn all_that_cannot_change_is_told_at_once() {
    let world = provisioned().await;
    let operator = world.operator(&[
        ("AZURE_AKS_SYSTEM_VM_SIZE", "Standard_D16s_v5"),
        ("AZURE_AKS_USER_VM_DISK_SIZE_GB", "512"),
    ]);
    let error = operator.plan().await.unwrap_err().to_string();
    assert!(
        error.contains("Standard_D16s_v5") && error.contains("512 GB"),
        "{error}"
    );
}

#[tokio::test]
async fn kubernetes_does_not_go_back() {
    let world = provisioned().await;
    let runs = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let runs = runs["properties"]["currentKubernetesVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    let error = world
        .operator(&[("AZURE_AKS_KUBERNETES_VERSION", "1.20.1")])
        .plan()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(
        error.to_string().contains(&runs) && error.to_string().contains("1.20.1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_group_that_is_not_ours_is_refused_before_any_write() {
    for tags in [
        json!({}),
        json!({"kompox-cluster": PATH}),
        json!({"managed-by": "kompox"}),
        json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/other"}),
        json!({"managed-by": "kompox", "kompox-cluster": "WS1/prv1/c1"}),
        json!({"managed-by": "Kompox", "kompox-cluster": PATH}),
    ] {
        let world = World::new().await;
        world.put_group(tags.clone()).await;
        let operator = world.operator(&[]);
        for outcome in [operator.plan().await, operator.provision().await] {
            let error = outcome.expect_err(&tags.to_string());
            assert_eq!(error.kind(), ErrorKind::Precondition, "{tags}");
            assert!(error.to_string().contains(GROUP), "{error}");
            assert!(
                in_words(error.hints()).contains("AZURE_RESOURCE_GROUP_ADOPT"),
                "{error:?}"
            );
        }
        assert_eq!(world.writes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_group_with_our_tags_is_ours_whatever_the_case_of_their_names() {
    let world = World::new().await;
    world
        .put_group(json!({"Managed-By": "kompox", "KOMPOX-CLUSTER": PATH}))
        .await;
    assert!(!world.operator(&[]).plan().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_stack_of_that_name_that_is_not_ours_is_refused_before_any_write() {
    for tags in [
        json!({}),
        json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/other"}),
    ] {
        let world = World::new().await;
        let body =
            json!({"location": "japaneast", "tags": tags, "properties": {"provisioningState": "succeeded"}});
        world
            .emulator
            .put_resource(&world.stack_id(), body)
            .await
            .unwrap();
        let operator = world.operator(&[]);
        let error = operator.provision().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(error.to_string().contains("deployment stack"), "{error}");
        assert_eq!(world.writes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn b30_a_record_that_says_succeeded_is_not_believed_when_the_cluster_is_gone() {
    let world = provisioned().await;
    let cluster = world.cluster_id().await;
    let body = world.emulator.resource(&cluster).await.unwrap();
    let nodes = body["properties"]["nodeResourceGroup"].as_str().unwrap();
    // As somebody who deletes it in the portal: its node resource group goes along.
    let nodes = format!("{}/resourceGroups/{nodes}", world.subscription());
    for id in [&cluster, &nodes] {
        world.emulator.remove_resource(id).await.unwrap();
    }
    let operator = world.operator(&[]);
    let plan = operator.plan().await.unwrap();
    let created = lines(&plan, ChangeAction::Create);
    assert!(
        created.iter().any(|id| id.eq_ignore_ascii_case(&cluster)),
        "{plan:?}"
    );
    assert!(
        plan.changes.iter().any(|change| change.reason.contains("gone")),
        "{plan:?}"
    );
    assert!(!operator.provision().await.unwrap().is_empty());
    assert!(world.emulator.resource(&cluster).await.is_some());
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn b30_what_cannot_be_read_is_an_error_and_never_absent() {
    let world = provisioned().await;
    let operator = world.operator(&[]);
    for path in [
        "**/deploymentStacks/*",
        "**/resourceGroups/*",
        "**/managedClusters",
    ] {
        world.fault(FaultRule::new(
            "GET",
            path,
            FaultAction::respond(403, "AuthorizationFailed", "You may not."),
        ));
        let error = operator.plan().await.expect_err(path);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{path}");
        let error = operator.provision().await.expect_err(path);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{path}");
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn b32_a_stack_without_outputs_still_leads_to_its_cluster() {
    let world = provisioned().await;
    world
        .edit(&world.stack_id(), |stack| {
            stack["properties"]["outputs"] = json!(null);
        })
        .await;
    assert_eq!(world.operator(&[]).plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_hash_is_only_believed_together_with_a_good_end() {
    for state in ["failed", "canceled"] {
        let world = provisioned().await;
        world
            .edit(&world.stack_id(), |stack| {
                stack["properties"]["provisioningState"] = json!(state);
            })
            .await;
        let operator = world.operator(&[]);
        let plan = operator.plan().await.unwrap();
        assert!(
            !plan.is_empty() && plan.changes.iter().any(|change| change.reason.contains(state)),
            "{plan:?}"
        );
        operator.provision().await.unwrap();
        assert_eq!(operator.plan().await.unwrap(), Plan::default());
    }
}

#[tokio::test]
async fn a_failed_managed_cluster_is_put_again() {
    let world = provisioned().await;
    let cluster = world.cluster_id().await;
    world
        .edit(&cluster, |cluster| {
            cluster["properties"]["provisioningState"] = json!("Failed");
        })
        .await;
    let operator = world.operator(&[]);
    let plan = operator.plan().await.unwrap();
    assert!(
        plan.changes.iter().any(|change| change.reason.contains("Failed")),
        "{plan:?}"
    );
    operator.provision().await.unwrap();
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_stack_that_another_operation_holds_is_told_and_not_empty() {
    let world = provisioned().await;
    world
        .edit(&world.stack_id(), |stack| {
            stack["properties"]["provisioningState"] = json!("deploying");
        })
        .await;
    let plan = world.operator(&[]).plan().await.unwrap();
    assert!(
        !plan.is_empty() && plan.changes[0].reason.contains("deploying"),
        "{plan:?}"
    );
}

#[tokio::test]
async fn no_secret_stands_in_a_plan() {
    let world = provisioned().await;
    let plan = world
        .operator(&[("AZURE_AKS_HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")])
        .plan()
        .await
        .unwrap();
    assert!(!plan.is_empty());
    let text = format!("{plan:?}");
    assert!(
        !text.contains("hunter2") && !text.contains("proxy.example"),
        "{text}"
    );
}

#[tokio::test]
async fn what_somebody_wrote_over_the_hash_is_a_difference_even_if_nothing_else_is() {
    let world = provisioned().await;
    world
        .edit(&world.stack_id(), |stack| {
            stack["tags"]["kompox-hash"] = json!("0");
        })
        .await;
    let plan = world.operator(&[]).plan().await.unwrap();
    assert_eq!(plan.inputs.len(), 1, "{plan:?}");
    assert_eq!(
        (plan.inputs[0].name.as_str(), plan.inputs[0].from.as_deref()),
        ("kompox-hash", Some("0"))
    );
}

#[tokio::test]
async fn for_an_existing_cluster_nothing_is_planned_done_or_asked() {
    let world = World::new().await;
    let id = format!(
        "{}/providers/Microsoft.ContainerService/managedClusters/theirs",
        world.group_id()
    );
    let operator = world.operator_of(true, &[("AZURE_AKS_RESOURCE_ID", &id)]);
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
    assert_eq!(operator.provision().await.unwrap(), Plan::default());
    assert_eq!(operator.force().await.unwrap(), Plan::default());
    assert!(world.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_takes_three_dependent_requests_at_most() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    let (planned, requests) = slowly(&world.emulator, operator.plan()).await;
    planned.unwrap();
    let first = depth(&requests);
    operator.provision().await.unwrap();
    let (planned, requests) = slowly(&world.emulator, operator.plan()).await;
    planned.unwrap();
    let same = depth(&requests);
    let other = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    let (planned, requests) = slowly(&world.emulator, other.plan()).await;
    planned.unwrap();
    let changed = depth(&requests);
    assert!(
        same == 1 && first <= 3 && changed <= 3,
        "{first} {same} {changed}"
    );
}

#[tokio::test]
async fn a_stopped_cluster_is_left_alone_and_refused_where_something_is_to_do() {
    let world = provisioned().await;
    world
        .edit(&world.cluster_id().await, |cluster| {
            cluster["properties"]["powerState"] = json!({"code": "Stopped"});
        })
        .await;
    assert_eq!(world.operator(&[]).plan().await.unwrap(), Plan::default());
    let operator = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    for outcome in [operator.plan().await, operator.provision().await] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(
            in_words(error.hints()).contains("az aks start"),
            "{}",
            whole(&error)
        );
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_provider_that_nobody_has_registered_yet_has_no_clusters() {
    let world = World::new().await;
    let code = "MissingSubscriptionRegistration";
    world.fault(FaultRule::new(
        "GET",
        "**/managedClusters",
        FaultAction::respond(409, code, "The subscription is not registered."),
    ));
    assert!(!world.operator(&[]).plan().await.unwrap().is_empty());
}
