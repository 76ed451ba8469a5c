//! Changes that reach nodes only with a new image: made at once, remembered, and carried to the nodes when asked.

use std::time::Duration;

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, OperationFault, Options, Outcome, Timing};
use kompox_domain::cluster::{ChangeAction, ClusterStatus, Condition, Plan};
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::hint::in_words;
use kompox_domain::progress::WarningKind;
use kompox_domain::{ErrorKind, Mode, tags};
use serde_json::{Value, json};

use crate::clusters::{Operator, World, whole};

const PRIVATE: (&str, &str) = ("AZURE_AKS_PRIVATE_CLUSTER", "true");
const ZONES: (&str, &str) = ("AZURE_AKS_USER_VM_ZONES", "1,2");
const NONE: (&str, &str) = ("AZURE_AKS_PRIVATE_DNS_ZONE", "none");
const UPGRADE: ProvisionRequest = ProvisionRequest {
    force: false,
    upgrade_node_images: true,
};
const POOLS: [&str; 3] = ["system", "user1", "user2"];
const UPGRADES: &str = "**/upgradeNodeImageVersion";

/// A private cluster, and an operator who wants it without a private DNS zone.
async fn wanting_none(options: Options) -> (World, Operator) {
    let world = World::with(options).await;
    world.operator(&[PRIVATE, ZONES]).provision().await.unwrap();
    let operator = world.operator(&[PRIVATE, ZONES, NONE]);
    world.emulator.clear_requests();
    (world, operator)
}

/// The same once the change was made, and the nodes do not know of it.
async fn due(options: Options) -> (World, Operator) {
    let (world, operator) = wanting_none(options).await;
    operator.provision().await.unwrap();
    world.emulator.clear_requests();
    operator.told.forget();
    (world, operator)
}

async fn cluster(world: &World) -> Value {
    let id = world.cluster_id().await;
    world.emulator.resource(&id).await.unwrap()
}

async fn tag(world: &World) -> Option<String> {
    let tags = cluster(world).await["tags"].clone();
    tags[tags::NODE_IMAGES_DUE].as_str().map(str::to_owned)
}

/// By which name the nodes of each pool reach the API server: `private`, `public`.
async fn reached_by(world: &World) -> Vec<String> {
    let there = cluster(world).await;
    let all = world.emulator.resources(&world.subscription()).await;
    let public = there["properties"]["fqdn"].clone();
    POOLS
        .map(|pool| {
            let set = all.iter().find(|one| one["tags"]["aks-managed-poolName"] == pool);
            let name = &set.unwrap()["tags"]["emulator-api-server"];
            if *name == public { "public" } else { "private" }.to_owned()
        })
        .to_vec()
}

/// The pools of a plan's lines of one kind.
fn pools(plan: &Plan, action: ChangeAction) -> Vec<&str> {
    plan.of(action)
        .filter(|change| change.reason.contains("new image"))
        .filter_map(|change| change.resource.rsplit_once("/agentPools/"))
        .map(|(_, pool)| pool)
        .collect()
}

/// The pools whose upgrade was asked for since the last time.
fn upgraded(world: &World) -> Vec<String> {
    let all = world.writes().into_iter();
    all.filter_map(|line| {
        let path = line.strip_suffix("/upgradeNodeImageVersion")?;
        path.rsplit_once('/').map(|(_, pool)| pool.to_owned())
    })
    .collect()
}

async fn condition(operator: &Operator) -> Option<Condition> {
    let status: ClusterStatus = operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
        .unwrap();
    let mut conditions = status.conditions.into_iter();
    conditions.find(|condition| condition.kind == "nodeImagesDue")
}

#[tokio::test]
async fn a_private_dns_zone_is_given_up_by_an_update_and_the_plan_says_what_nodes_need_for_it() {
    let (world, operator) = wanting_none(Options::default()).await;
    let plan = operator.plan().await.unwrap();
    let named = |name: &str| plan.inputs.iter().find(|input| input.name == name).cloned();
    let zone = named("privateDnsZone").unwrap();
    assert_eq!(
        (zone.from.as_deref(), zone.to.as_deref()),
        (Some("system"), Some("none"))
    );
    assert!(
        plan.of(ChangeAction::Update)
            .any(|change| change.resource.contains("/managedClusters/"))
    );
    assert_eq!(plan.of(ChangeAction::Delete).count(), 0, "{plan:?}");
    assert_eq!(pools(&plan, ChangeAction::Keep), POOLS);
    let drains = plan
        .of(ChangeAction::Keep)
        .all(|change| change.reason.contains("drains"));
    assert!(drains, "{plan:?}");
    let warnings = operator.told.warnings();
    assert!(
        warnings.iter().any(
            |(kind, text)| *kind == WarningKind::NodeImagesDue && text.contains("upgrade of node images")
        ),
        "{warnings:?}"
    );
    let plan = operator.plan_with(&UPGRADE).await.unwrap();
    assert_eq!(pools(&plan, ChangeAction::Update), POOLS);
    assert_eq!(world.writes(), Vec::<String>::new());

    operator.provision().await.unwrap();
    assert_eq!(tag(&world).await.as_deref(), Some("system,user1,user2"));
    assert_eq!(upgraded(&world), Vec::<String>::new());
    assert_eq!(reached_by(&world).await, ["private"; 3]);
}

#[tokio::test]
async fn with_the_flag_every_pool_gets_its_image_one_after_the_other_and_then_nothing_is_due() {
    let (world, operator) = wanting_none(Options::default()).await;
    let plan = operator.provision_with(&UPGRADE).await.unwrap();
    assert_eq!(pools(&plan, ChangeAction::Update), POOLS);
    assert_eq!(upgraded(&world), POOLS);
    assert_eq!(reached_by(&world).await, ["public"; 3]);
    assert_eq!(tag(&world).await, None);
    assert_eq!(condition(&operator).await, None);
    let steps: Vec<String> = operator.steps().into_iter().map(|(what, _)| what).collect();
    for pool in POOLS {
        let what = format!("upgrade the node image of node pool {pool}");
        assert!(steps.contains(&what), "{steps:?}");
    }
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
    world.emulator.clear_requests();
    operator.told.forget();
    assert_eq!(operator.provision_with(&UPGRADE).await.unwrap(), Plan::default());
    assert_eq!(world.writes(), Vec::<String>::new());
    let warnings = operator.told.warnings();
    assert!(
        matches!(&warnings[..], [(WarningKind::Ignored, text)] if text.contains("no node is drained")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn what_is_due_is_told_by_status_and_plan_and_outlives_what_else_is_provisioned() {
    let (world, operator) = due(Options::default()).await;
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| cluster["tags"]["team"] = json!("blue"))
        .await;
    for _ in 0..2 {
        let told = condition(&operator).await.unwrap();
        assert_eq!(told.status, Some(true));
        assert!(
            told.message.contains("node pools system, user1 and user2")
                && told.message.contains("--upgrade-node-images"),
            "{told:?}"
        );
        let plan = operator.plan().await.unwrap();
        assert!(plan.is_empty(), "{plan:?}");
        assert_eq!(pools(&plan, ChangeAction::Keep), POOLS);
        operator.force().await.unwrap();
    }
    let other = world.operator(&[PRIVATE, ZONES, NONE, ("AZURE_AKS_SKU_TIER", "Standard")]);
    other.provision().await.unwrap();
    assert_eq!(tag(&world).await.as_deref(), Some("system,user1,user2"));
    assert_eq!(cluster(&world).await["tags"]["team"], "blue");
    assert_eq!(upgraded(&world), Vec::<String>::new());
    other.provision_with(&UPGRADE).await.unwrap();
    assert_eq!(upgraded(&world), POOLS);
    let tags = cluster(&world).await["tags"].clone();
    assert_eq!(
        (&tags["team"], &tags[tags::NODE_IMAGES_DUE]),
        (&json!("blue"), &Value::Null)
    );
}

#[tokio::test]
async fn no_other_change_of_the_zone_is_an_update() {
    let zone = "/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io";
    let own = ("AZURE_AKS_PRIVATE_DNS_ZONE", zone);
    for (first, then, words) in [
        (
            vec![PRIVATE],
            vec![PRIVATE, own],
            ["is system", "would be /subscriptions"],
        ),
        (vec![PRIVATE, NONE], vec![PRIVATE], ["is none", "would be system"]),
        (
            vec![PRIVATE, NONE],
            vec![PRIVATE, own],
            ["is none", "would be /subscriptions"],
        ),
    ] {
        let world = World::new().await;
        world.operator(&first).provision().await.unwrap();
        world.emulator.clear_requests();
        for outcome in [
            world.operator(&then).plan().await,
            world.operator(&then).provision().await,
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Precondition);
            for words in words {
                assert!(error.to_string().contains(words), "{error}");
            }
        }
        assert_eq!(world.writes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_cluster_that_gives_up_a_zone_of_ones_own_keeps_its_identity_and_only_the_right_to_the_zone_goes() {
    let world = World::new().await;
    let net = format!("{}/resourceGroups/net", world.subscription());
    let zone = format!("{net}/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io");
    for (id, body) in [
        (&net, json!({"location": "japaneast"})),
        (&zone, json!({"location": "global"})),
    ] {
        world.emulator.put_resource(id, body).await.unwrap();
    }
    let own = ("AZURE_AKS_PRIVATE_DNS_ZONE", zone.as_str());
    world.operator(&[PRIVATE, own]).provision().await.unwrap();
    let before = cluster(&world).await["identity"].clone();
    let rights = async || {
        let all = world.emulator.resources(&net).await;
        all.iter()
            .filter(|one| one["id"].as_str().unwrap().contains("/roleAssignments/"))
            .count()
    };
    assert_eq!(rights().await, 1);
    let operator = world.operator(&[PRIVATE, NONE]);
    let plan = operator.plan().await.unwrap();
    assert_eq!(plan.of(ChangeAction::Delete).count(), 0, "{plan:?}");
    operator.provision_with(&UPGRADE).await.unwrap();
    assert_eq!(cluster(&world).await["identity"], before);
    assert_eq!(rights().await, 0);
    assert!(world.emulator.resource(&zone).await.is_some());
    // Nor does it lose its identity later.
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
    operator.force().await.unwrap();
    assert_eq!(cluster(&world).await["identity"], before);
}

#[tokio::test]
async fn an_upgrade_that_broke_between_pools_goes_on_with_those_that_are_left() {
    for (rule, again) in [
        // The second pool's is refused.
        (
            FaultRule::new(
                "POST",
                UPGRADES,
                FaultAction::respond(403, "AuthorizationFailed", "no"),
            )
            .after(1),
            &POOLS[1..],
        ),
        // It fails late.
        (
            FaultRule::new("POST", UPGRADES, FaultAction::fail_late("UpgradeFailed", "no")).after(1),
            &POOLS[1..],
        ),
        // Nobody can write down that the second is done.
        (
            FaultRule::new(
                "PATCH",
                "**/tags/default",
                FaultAction::respond(403, "AuthorizationFailed", "no"),
            )
            .after(1),
            &POOLS[1..],
        ),
    ] {
        let (world, operator) = due(Options::default()).await;
        let told = format!("{rule:?}");
        world.fault(rule);
        let error = operator.provision_with(&UPGRADE).await.unwrap_err();
        assert!(
            in_words(error.hints()).contains("upgrade of node images") || told.contains("tags"),
            "{}",
            whole(&error)
        );
        world.mend();
        assert_eq!(tag(&world).await.as_deref(), Some("user1,user2"), "{told}");
        world.emulator.clear_requests();
        operator.provision_with(&UPGRADE).await.unwrap();
        assert_eq!(upgraded(&world), again, "{told}");
        assert_eq!(reached_by(&world).await, ["public"; 3]);
        assert_eq!(tag(&world).await, None);
    }
}

#[tokio::test]
async fn a_pod_that_may_not_be_moved_is_told_with_what_to_do_about_it() {
    let (world, operator) = due(Options::default()).await;
    let message = "Drain node aks-user1-1-vmss000000 failed when evicting pod web-0 failed with Too Many Requests error. \
                   This is often caused by a restrictive Pod Disruption Budget (PDB) policy.";
    world.fault(FaultRule::new(
        "POST",
        UPGRADES,
        FaultAction::fail_late("UpgradeFailed", message),
    ));
    let error = operator.provision_with(&UPGRADE).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Failed, Some("UpgradeFailed"))
    );
    let told = whole(&error);
    for words in [
        "still due for node pools system, user1 and user2",
        "web-0",
        "PodDisruptionBudget",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// An Azure in which everything is under way until it was looked at a few times.
fn looked_at() -> Options {
    Options {
        timing: Timing {
            polls: 3,
            ..Timing::zero()
        },
        ..Options::default()
    }
}

#[tokio::test]
async fn a_deadline_in_the_middle_leaves_what_was_begun_and_the_next_run_does_not_begin_it_again() {
    let (world, operator) = due(looked_at()).await;
    let stuck = OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    };
    world.fault(FaultRule::new("POST", UPGRADES, FaultAction::Operation(stuck)));
    let cx = operator.deadline(Duration::from_secs(1));
    let error = operator
        .driver
        .clusters()
        .unwrap()
        .provision(&cx, &operator.scope, &UPGRADE, Mode::Apply)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{}", whole(&error));
    assert!(in_words(error.hints()).contains("timeout"), "{}", whole(&error));
    assert_eq!(upgraded(&world), ["system"]);
    // Whoever provisions meanwhile waits for it, as does whoever only waits; here as long as their own deadline.
    let cx = operator.deadline(Duration::from_millis(300));
    let waited = operator
        .driver
        .clusters()
        .unwrap()
        .wait(&cx, &operator.scope)
        .await;
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(tag(&world).await.as_deref(), Some("system,user1,user2"));
}

#[tokio::test]
async fn an_upgrade_that_somebody_began_is_waited_for_and_not_begun_again() {
    let (world, operator) = due(looked_at()).await;
    let lost = FaultRule::new("POST", UPGRADES, FaultAction::ResetAfter).times(1);
    world.emulator.set_faults(FaultPlan::new([lost])).unwrap();
    operator.provision_with(&UPGRADE).await.unwrap();
    assert_eq!(upgraded(&world), POOLS);
    assert_eq!(reached_by(&world).await, ["public"; 3]);
    let warnings = operator.told.warnings();
    assert!(
        warnings.iter().any(|(kind, _)| *kind == WarningKind::AnswerLost),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_stopped_cluster_is_not_upgraded() {
    let (world, operator) = due(Options::default()).await;
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["properties"]["powerState"]["code"] = json!("Stopped");
        })
        .await;
    let error = operator.provision_with(&UPGRADE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(error.to_string().contains("is stopped"), "{error}");
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_tag_that_names_a_pool_that_is_gone_goes_with_the_last_pool_that_is_there() {
    let (world, operator) = due(Options::default()).await;
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["tags"][tags::NODE_IMAGES_DUE] = "user1,gone".into();
        })
        .await;
    world.emulator.clear_requests();
    operator
        .driver
        .clusters()
        .unwrap()
        .provision(&operator.cx, &operator.scope, &UPGRADE, Mode::Apply)
        .await
        .unwrap();
    assert_eq!(upgraded(&world), ["user1"]);
    assert_eq!(tag(&world).await, None);
}

#[tokio::test]
async fn an_upgrade_whose_answer_was_lost_and_that_failed_drains_no_node_twice() {
    let (world, operator) = due(looked_at()).await;
    let fails = OperationFault {
        outcome: Outcome::Fail {
            code: "UpgradeFailed".to_owned(),
            message: "A node could not be drained.".to_owned(),
        },
        ..OperationFault::default()
    };
    let rules = [
        FaultRule::new("POST", UPGRADES, FaultAction::Operation(fails)),
        FaultRule::new("POST", UPGRADES, FaultAction::ResetAfter).times(1),
    ];
    world.emulator.set_faults(FaultPlan::new(rules)).unwrap();
    let error = operator.provision_with(&UPGRADE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{}", whole(&error));
    assert_eq!(upgraded(&world), ["system"], "{}", whole(&error));
    assert_eq!(tag(&world).await.as_deref(), Some("system,user1,user2"));
}
