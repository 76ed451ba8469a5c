//! Provisioning a cluster: what is made, and what becomes of it beside others and after interruptions.

use kompox_domain::hint::in_words;
use std::collections::BTreeSet;
use std::time::Duration;

use kompox_azure_emulator::{
    FaultAction, FaultRule, OperationFault, Options, Outcome as Fate, ReplicationLag, Respond, Timing,
};
use kompox_domain::ErrorKind;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::progress::Outcome;
use serde_json::{Value, json};

use crate::clusters::{PATH, STACK, World, whole};

fn puts(world: &World) -> usize {
    let writes = world.writes();
    writes
        .iter()
        .filter(|write| write.starts_with("PUT") && write.ends_with(STACK))
        .count()
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn a_cluster_is_made_with_its_tags_outputs_and_steps() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    let done = operator
        .provision()
        .await
        .unwrap_or_else(|error| panic!("{} {:#?}", whole(&error), error.failures()));
    assert!(done.of(ChangeAction::Create).count() > 5, "{done:?}");

    let stack = world.stack().await;
    assert_eq!(text(&stack, "/properties/provisioningState"), "succeeded");
    let tags = &stack["tags"];
    assert_eq!(
        (text(tags, "/managed-by"), text(tags, "/kompox-cluster")),
        ("kompox", PATH)
    );
    assert_eq!(text(tags, "/kompox-created").len(), 26);
    assert_eq!(text(tags, "/kompox-hash").len(), 64);
    assert_eq!(text(&stack, "/properties/actionOnUnmanage/resources"), "delete");
    assert_eq!(
        text(&stack, "/properties/actionOnUnmanage/resourceGroups"),
        "detach"
    );
    assert_eq!(text(&stack, "/properties/denySettings/mode"), "none");
    let group = world.emulator.resource(&world.group_id()).await.unwrap();
    for tag in ["managed-by", "kompox-cluster", "kompox-created"] {
        assert_eq!(group["tags"][tag], tags[tag], "{tag}");
    }

    let steps = operator.steps();
    let ended = |what: &str| {
        steps
            .iter()
            .filter(|(step, end)| step.starts_with(what) && *end == Some(Outcome::Done))
            .count()
    };
    for what in [
        "deploy deployment stack kompox_ws1_prv1_c1",
        "create resource group rg-cluster",
        "create managed cluster aks-",
        "create key vault kv-",
        "create container registry cr",
        "create node pool user",
    ] {
        assert_eq!(ended(what), 1, "{what}: {steps:#?}");
    }
    assert!(
        steps.iter().all(|(_, end)| *end == Some(Outcome::Done)),
        "{steps:#?}"
    );
    assert!(operator.told.states().iter().any(|state| state == "Succeeded"));
}

#[tokio::test]
async fn b30_run_twice_nothing_is_written_the_second_time() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    world.requests();
    let operator = world.operator(&[]);
    assert_eq!(operator.provision().await.unwrap(), Plan::default());
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(operator.steps(), []);
}

#[tokio::test]
async fn b31_what_changed_is_updated_and_what_left_is_deleted() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    world.requests();
    let operator = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    let done = operator.provision().await.unwrap();
    assert_eq!(done.inputs.len(), 1);
    assert_eq!(puts(&world), 1);
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    assert_eq!(text(&cluster, "/sku/tier"), "Standard");
    assert!(
        operator
            .steps()
            .iter()
            .any(|(step, _)| step.starts_with("update managed cluster"))
    );
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn b41_b43_what_runs_is_kept() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let id = world.cluster_id().await;
    let made = world.emulator.resource(&id).await.unwrap();
    let version = text(&made, "/properties/currentKubernetesVersion").to_owned();
    assert!(!version.is_empty());
    let pool = format!("{id}/agentPools/user");
    for (id, list) in [(pool.clone(), false), (id.clone(), true)] {
        world
            .edit(&id, |resource| {
                if !list {
                    resource["properties"]["count"] = json!(3);
                }
                for profile in resource["properties"]["agentPoolProfiles"]
                    .as_array_mut()
                    .into_iter()
                    .flatten()
                {
                    if profile["name"] == "user" {
                        profile["count"] = json!(3);
                    }
                }
            })
            .await;
    }
    let operator = world.operator(&[]);
    // What the autoscaler did is no difference.
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
    let operator = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    let done = operator.provision().await.unwrap();
    assert_eq!(done.inputs.len(), 1, "{done:?}");
    let after = world.emulator.resource(&id).await.unwrap();
    assert_eq!(text(&after, "/properties/currentKubernetesVersion"), version);
    let pool = world.emulator.resource(&pool).await.unwrap();
    assert_eq!(pool["properties"]["count"], json!(3), "{pool:#}");
}

#[tokio::test]
async fn force_puts_always_and_once() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    world.requests();
    let done = world.operator(&[]).force().await.unwrap();
    assert!(!done.is_empty(), "{done:?}");
    assert_eq!(puts(&world), 1);
}

#[tokio::test]
async fn the_ulid_of_a_cluster_stays_through_updates_and_the_loss_of_its_stack() {
    let world = World::new().await;
    let created = || async { text(&world.stack().await, "/tags/kompox-created").to_owned() };
    world.operator(&[]).provision().await.unwrap();
    let first = created().await;
    world.operator(&[]).force().await.unwrap();
    assert_eq!(created().await, first);
    world.emulator.remove_resource(&world.stack_id()).await.unwrap();
    world.operator(&[]).provision().await.unwrap();
    assert_eq!(created().await, first);
}

#[tokio::test]
async fn an_adopted_group_is_used_and_never_tagged() {
    let world = World::new().await;
    world.put_group(json!({"team": "blue"})).await;
    let operator = world.operator(&[("AZURE_RESOURCE_GROUP_ADOPT", "use")]);
    let plan = operator.plan().await.unwrap();
    assert!(
        !plan
            .changes
            .iter()
            .any(|change| change.resource == world.group_id()),
        "{plan:?}"
    );
    operator.provision().await.unwrap();
    let group = world.emulator.resource(&world.group_id()).await.unwrap();
    assert_eq!(group["tags"], json!({"team": "blue"}));
    let stack = world.stack().await;
    let held = stack["properties"]["resources"].as_array().unwrap();
    assert!(
        !held
            .iter()
            .any(|resource| text(resource, "/id") == world.group_id())
    );
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn what_azure_finds_wrong_is_told_as_a_tree_before_any_write() {
    let world = World::new().await;
    let body = json!({"error": {"code": "InvalidTemplateDeployment", "message": "See inner errors.", "details": [
        {"code": "SkuNotAvailable", "message": "That size is not there.", "target": "/subscriptions/s/resourceGroups/g"},
        {"code": "AuthorizationFailed", "message": "You may not do that."}]}});
    let answer = Respond {
        status: 400,
        body: Some(body.to_string()),
        ..Respond::default()
    };
    world.fault(FaultRule::new(
        "POST",
        "**/validate",
        FaultAction::Respond(answer),
    ));
    let operator = world.operator(&[]);
    for outcome in [operator.plan().await, operator.provision().await] {
        let error = outcome.unwrap_err();
        assert_eq!(error.failures()[0].leaves().len(), 2, "{error:?}");
        assert!(error.to_string().contains("That size is not there."), "{error}");
        let hint = in_words(error.hints());
        assert!(hint.contains("az vm list-skus"), "{hint}");
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_stack_that_a_replica_does_not_know_yet_is_no_failed_provisioning() {
    let world = World::new().await;
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceNotFound);
    world.fault(
        FaultRule::new("GET", "**/deploymentStacks/*", lag)
            .after(1)
            .times(7),
    );
    world.operator(&[]).provision().await.unwrap();
    assert!(!world.cluster_id().await.is_empty());
}

#[tokio::test]
async fn a_race_for_the_stack_is_lost_with_patience() {
    let world = World::new().await;
    let held = FaultAction::respond(
        409,
        "DeploymentStackInNonTerminalState",
        "Another operation is in progress.",
    );
    world.fault(FaultRule::new("PUT", "**/deploymentStacks/*", held).times(1));
    let operator = world.operator(&[]);
    assert!(!operator.provision().await.unwrap().is_empty());
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn two_operators_at_once_make_one_cluster_and_both_succeed() {
    let world = World::with(Options {
        timing: Timing::looks(3),
        ..Options::default()
    })
    .await;
    let (one, two) = (world.operator(&[]), world.operator(&[]));
    let (first, second) = futures::join!(one.provision(), two.provision());
    first.unwrap();
    second.unwrap();
    assert_eq!(one.plan().await.unwrap(), Plan::default());
    let clusters = world.emulator.resources(&world.group_id()).await;
    let clusters = clusters.iter().filter(|resource| {
        text(resource, "/type").eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters")
    });
    assert_eq!(clusters.count(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_the_put_is_no_reason_to_put_twice_or_to_say_that_nothing_was_done() {
    let world = World::with(Options {
        timing: Timing::looks(2),
        ..Options::default()
    })
    .await;
    world.fault(FaultRule::new("PUT", "**/deploymentStacks/*", FaultAction::ResetAfter).times(1));
    let operator = world.operator(&[]);
    let done = operator.provision().await.unwrap();
    assert!(done.of(ChangeAction::Create).count() > 5, "{done:?}");
    let taken: BTreeSet<u16> = world
        .requests()
        .iter()
        .filter(|request| request.method == "PUT" && request.path.contains(STACK))
        .filter_map(|request| request.status)
        .collect();
    assert_eq!(taken, BTreeSet::from([409]));
}

#[tokio::test]
async fn b65_an_interrupted_run_is_picked_up_and_not_begun_anew() {
    let world = World::new().await;
    let slow = OperationFault {
        polls: Some(8),
        ..OperationFault::default()
    };
    world.fault(FaultRule::new(
        "PUT",
        "**/managedClusters/*",
        FaultAction::Operation(slow),
    ));
    let first = world.operator(&[]);
    {
        let run = std::pin::pin!(first.provision());
        let seen = async {
            while text(&world.stack().await, "/properties/provisioningState") != "deploying" {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        // The user presses Ctrl-C: the future is dropped.
        futures::future::select(run, std::pin::pin!(seen)).await;
    }
    assert!(
        first
            .steps()
            .iter()
            .any(|(_, end)| *end == Some(Outcome::Abandoned))
    );
    world.requests();
    let second = world.operator(&[]);
    assert_eq!(second.provision().await.unwrap(), Plan::default());
    assert_eq!(puts(&world), 0);
    assert_eq!(
        text(&world.stack().await, "/properties/provisioningState"),
        "succeeded"
    );
    let waited = "wait for deployment stack kompox_ws1_prv1_c1".to_owned();
    assert!(
        second.steps().contains(&(waited, Some(Outcome::Done))),
        "{:?}",
        second.steps()
    );
    assert!(second.told.states().iter().any(|state| state == "deploying"));
}

#[tokio::test]
async fn at_the_deadline_the_error_says_what_goes_on_and_how_to_go_on() {
    let world = World::new().await;
    let stuck = OperationFault {
        outcome: Fate::Stuck,
        ..OperationFault::default()
    };
    world.fault(FaultRule::new(
        "PUT",
        "**/managedClusters/*",
        FaultAction::Operation(stuck),
    ));
    let operator = world.operator(&[]);
    let error = operator
        .provision_within(&operator.deadline(Duration::from_secs(4)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{}", whole(&error));
    assert!(
        error.to_string().contains("create managed cluster aks-"),
        "{error}"
    );
    assert!(
        in_words(error.hints()).contains("cluster wait"),
        "{:?}",
        error.hints()
    );
    // Whoever comes next waits for it, within their own deadline.
    let second = world.operator(&[]);
    let error = second
        .provision_within(&second.deadline(Duration::from_secs(4)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        in_words(error.hints()).contains("detachAll"),
        "{:?}",
        error.hints()
    );
    let abandoned = operator
        .steps()
        .iter()
        .filter(|(_, end)| *end == Some(Outcome::Abandoned))
        .count();
    assert!(abandoned >= 2, "{:?}", operator.steps());
}

#[tokio::test]
async fn a_stack_that_is_out_of_sync_is_never_forced_and_comes_with_advice() {
    let world = World::new().await;
    let message = "The deployment stack 'x' might not have an accurate list of managed resources. Use the \
                   'BypassStackOutOfSyncError' flag.";
    world.fault(FaultRule::new(
        "PUT",
        "**/deploymentStacks/*",
        FaultAction::respond(409, "DeploymentStackOutOfSync", message),
    ));
    let error = world.operator(&[]).provision().await.unwrap_err();
    assert!(whole(&error).contains("accurate list"), "{}", whole(&error));
    assert!(
        in_words(error.hints()).contains("--bypass-stack-out-of-sync-error"),
        "{}",
        whole(&error)
    );
}

#[tokio::test]
async fn a_managed_cluster_that_is_busy_is_waited_for_before_the_stack_is_put() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["properties"]["provisioningState"] = json!("Upgrading");
        })
        .await;
    world.requests();
    let operator = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    let run = operator.provision();
    let mend = async {
        while !operator.told.states().iter().any(|state| state == "Upgrading") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(puts(&world), 0);
        world
            .edit(&id, |cluster| {
                cluster["properties"]["provisioningState"] = json!("Succeeded");
            })
            .await;
    };
    let (done, ()) = futures::join!(run, mend);
    assert!(!done.unwrap().is_empty());
    assert_eq!(puts(&world), 1);
}

#[tokio::test]
async fn waiting_ends_at_once_where_nothing_is_under_way() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    assert_eq!(operator.wait().await.unwrap(), None);
    operator.provision().await.unwrap();
    world.requests();
    assert_eq!(operator.wait().await.unwrap(), None);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn waiting_follows_what_somebody_else_began_and_says_what_it_was() {
    let world = World::with(Options {
        timing: Timing::looks(5),
        ..Options::default()
    })
    .await;
    let (one, two) = (world.operator(&[]), world.operator(&[]));
    let watch = async {
        while world.stack().await == Value::Null {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        two.wait().await
    };
    let (done, waited) = futures::join!(one.provision(), watch);
    done.unwrap();
    assert_eq!(waited.unwrap().unwrap(), "deployment stack kompox_ws1_prv1_c1");
}

#[tokio::test]
async fn waiting_also_waits_for_a_managed_cluster_that_is_busy_by_itself() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let id = world.cluster_id().await;
    for (end, well) in [("Succeeded", true), ("Failed", false)] {
        world
            .edit(&id, |cluster| {
                cluster["properties"]["provisioningState"] = json!("Starting");
            })
            .await;
        let operator = world.operator(&[]);
        let mend = async {
            while !operator.told.states().iter().any(|state| state == "Starting") {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            world
                .edit(&id, |cluster| {
                    cluster["properties"]["provisioningState"] = json!(end);
                })
                .await;
        };
        let (waited, ()) = futures::join!(operator.wait(), mend);
        match waited {
            Ok(what) => assert!(well && what.unwrap().starts_with("managed cluster aks-")),
            Err(error) => assert!(
                !well && error.kind() == ErrorKind::Failed && error.failures().len() == 1,
                "{error:?}"
            ),
        }
    }
}

#[tokio::test]
async fn waiting_for_an_existing_cluster_looks_at_that_cluster() {
    let world = World::new().await;
    let id = format!(
        "{}/providers/Microsoft.ContainerService/managedClusters/theirs",
        world.group_id()
    );
    let operator = world.operator_of(true, &[("AZURE_AKS_RESOURCE_ID", &id)]);
    assert_eq!(operator.wait().await.unwrap(), None);
}
