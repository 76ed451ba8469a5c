//! What new clusters get by themselves, and how clusters that are there keep what they have: channels of upgrades, the
//! windows for them, network policies.

use kompox_azure_emulator::{FaultAction, FaultRule};
use kompox_domain::cluster::{Change, ChangeAction, Plan, Verdict};
use kompox_domain::driver::DeprovisionRequest;
use kompox_domain::{ErrorKind, Mode};
use serde_json::{Value, json};

use crate::clusters::{Operator, World, whole};

const CHANNEL: &str = "AZURE_AKS_UPGRADE_CHANNEL";
const NODE_OS: &str = "AZURE_AKS_NODE_OS_UPGRADE_CHANNEL";
const WINDOW: &str = "AZURE_AKS_MAINTENANCE_WINDOW";
const POLICY: &str = "AZURE_AKS_NETWORK_POLICY";
const VERSION: &str = "AZURE_AKS_KUBERNETES_VERSION";
const SATURDAY: (&str, &str) = (WINDOW, "Sat 01:00 4h +09:00");
const SCHEDULES: [&str; 2] = ["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"];

async fn properties(world: &World) -> Value {
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    cluster["properties"].clone()
}

async fn edit(world: &World, change: impl FnOnce(&mut Value)) {
    world
        .edit(&world.cluster_id().await, |cluster| {
            change(&mut cluster["properties"]);
        })
        .await;
}

async fn schedule(world: &World, name: &str) -> Option<Value> {
    let id = format!("{}/maintenanceConfigurations/{name}", world.cluster_id().await);
    let there = world.emulator.resource(&id).await?;
    Some(there["properties"]["maintenanceWindow"].clone())
}

fn inputs(plan: &Plan) -> Vec<(&str, Option<&str>, Option<&str>)> {
    plan.inputs
        .iter()
        .map(|input| (input.name.as_str(), input.from.as_deref(), input.to.as_deref()))
        .collect()
}

fn last(plan: &Plan, action: ChangeAction) -> Vec<&str> {
    plan.of(action)
        .map(|change| change.resource.rsplit('/').next().unwrap())
        .collect()
}

async fn refused(operator: &Operator) -> String {
    let mut told = String::new();
    for outcome in [operator.plan().await, operator.provision().await] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{}", whole(&error));
        told = whole(&error);
    }
    told
}

async fn checked(operator: &Operator, kind: &str) -> Vec<(Verdict, String)> {
    let checks = operator
        .driver
        .clusters()
        .unwrap()
        .check(&operator.cx, &operator.scope)
        .await;
    let checks = checks.unwrap();
    let of_kind = checks.iter().filter(|check| check.kind == kind);
    of_kind
        .map(|check| (check.verdict, check.message.clone()))
        .collect()
}

/// A cluster as an earlier release has made it: no channel was named, and Azure's policy.
async fn earlier() -> World {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    edit(&world, |properties| {
        properties["autoUpgradeProfile"] = json!({ "nodeOSUpgradeChannel": "Unmanaged" });
        properties["networkProfile"]["networkPolicy"] = "azure".into();
        properties["networkProfile"]["networkDataplane"] = "azure".into();
    })
    .await;
    world
        .edit(&world.stack_id(), |stack| {
            let parameters = stack["properties"]["parameters"].as_object_mut().unwrap();
            for name in [
                "upgradeChannel",
                "nodeOsUpgradeChannel",
                "networkPolicy",
                "networkDataplane",
            ] {
                parameters.remove(name).unwrap();
            }
        })
        .await;
    world.requests();
    world
}

#[tokio::test]
async fn a_new_cluster_follows_patches_and_images_and_has_ciliums_policy() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let properties = properties(&world).await;
    assert_eq!(
        properties["autoUpgradeProfile"],
        json!({ "upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage" })
    );
    let network = &properties["networkProfile"];
    assert_eq!(
        (&network["networkPolicy"], &network["networkDataplane"]),
        (&json!("cilium"), &json!("cilium"))
    );
    for name in SCHEDULES {
        assert_eq!(schedule(&world, name).await, None);
    }
}

#[tokio::test]
async fn a_new_cluster_has_what_the_settings_name() {
    let world = World::new().await;
    let settings = [
        (CHANNEL, "stable"),
        (NODE_OS, "SecurityPatch"),
        (POLICY, "none"),
        SATURDAY,
    ];
    world.operator(&settings).provision().await.unwrap();
    let properties = properties(&world).await;
    assert_eq!(
        properties["autoUpgradeProfile"],
        json!({ "upgradeChannel": "stable", "nodeOSUpgradeChannel": "SecurityPatch" })
    );
    let network = &properties["networkProfile"];
    assert_eq!(
        (&network["networkPolicy"], &network["networkDataplane"]),
        (&json!("none"), &json!("azure"))
    );
    for name in SCHEDULES {
        let mut window = schedule(&world, name).await.unwrap();
        window.as_object_mut().unwrap().remove("startDate");
        let wanted = json!({ "schedule": { "weekly": { "intervalWeeks": 1, "dayOfWeek": "Saturday" } },
            "durationHours": 4, "utcOffset": "+09:00", "startTime": "01:00" });
        assert_eq!(window, wanted, "{name}");
    }
    assert_eq!(world.operator(&settings).plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_cluster_that_is_there_keeps_its_channels_and_its_policy_whatever_is_put() {
    let world = earlier().await;
    let before = properties(&world).await;
    let same = world.operator(&[]);
    assert_eq!(same.plan().await.unwrap(), Plan::default());
    assert_eq!(world.writes(), Vec::<String>::new());
    let status = same
        .driver
        .clusters()
        .unwrap()
        .status(&same.cx, &same.scope)
        .await
        .unwrap();
    assert!(status.drift.is_empty(), "{:?}", status.drift);
    let other = world.operator(&[("AZURE_AKS_SKU_TIER", "Standard")]);
    let plan = other.plan().await.unwrap();
    assert_eq!(inputs(&plan), [("skuTier", Some("Free"), Some("Standard"))]);
    for outcome in [same.force().await, other.provision().await] {
        outcome.unwrap();
        let after = properties(&world).await;
        assert_eq!(after["autoUpgradeProfile"], before["autoUpgradeProfile"]);
        assert_eq!(after["networkProfile"], before["networkProfile"]);
    }
}

#[tokio::test]
async fn a_setting_that_names_a_channel_changes_that_and_nothing_else() {
    let world = earlier().await;
    let named = world.operator(&[(CHANNEL, "patch")]);
    let plan = named.plan().await.unwrap();
    assert_eq!(inputs(&plan), [("upgradeChannel", None, Some("patch"))]);
    assert_eq!(last(&plan, ChangeAction::Update).len(), 1, "{plan:?}");
    named.provision().await.unwrap();
    assert_eq!(
        properties(&world).await["autoUpgradeProfile"],
        json!({ "upgradeChannel": "patch", "nodeOSUpgradeChannel": "Unmanaged" })
    );
    assert_eq!(named.plan().await.unwrap(), Plan::default());
    // Without the setting the cluster keeps what it was given.
    world.operator(&[]).provision().await.unwrap();
    assert_eq!(
        properties(&world).await["autoUpgradeProfile"]["upgradeChannel"],
        "patch"
    );
    // Somebody turns it off: that is told, and put again where somebody asks for it.
    edit(&world, |properties| {
        properties["autoUpgradeProfile"]["upgradeChannel"] = "none".into();
    })
    .await;
    named.provision().await.unwrap();
    edit(&world, |properties| {
        properties["autoUpgradeProfile"]["upgradeChannel"] = "none".into();
    })
    .await;
    let status = named
        .driver
        .clusters()
        .unwrap()
        .status(&named.cx, &named.scope)
        .await
        .unwrap();
    let told: Vec<&Change> = status.drift.iter().collect();
    assert!(
        told.len() == 1 && told[0].reason == "the upgrade channel is none, configured is patch",
        "{told:?}"
    );
}

#[tokio::test]
async fn a_channel_of_the_nodes_beside_that_of_images_is_refused_before_any_write() {
    let world = earlier().await;
    edit(&world, |properties| {
        properties["autoUpgradeProfile"] =
            json!({ "upgradeChannel": "node-image", "nodeOSUpgradeChannel": "NodeImage" });
    })
    .await;
    let told = refused(&world.operator(&[(NODE_OS, "None")])).await;
    assert!(told.contains("node-image") && told.contains(CHANNEL), "{told}");
    let found = checked(&world.operator(&[(NODE_OS, "None")]), "upgrades").await;
    assert_eq!(found[0].0, Verdict::Fail, "{found:?}");
    assert_eq!(world.writes(), Vec::<String>::new());
    let both = world.operator(&[(NODE_OS, "None"), (CHANNEL, "patch")]);
    both.provision().await.unwrap();
    assert_eq!(
        properties(&world).await["autoUpgradeProfile"],
        json!({ "upgradeChannel": "patch", "nodeOSUpgradeChannel": "None" })
    );
}

#[tokio::test]
async fn a_version_that_a_channel_has_passed_is_told_as_that() {
    let world = World::new().await;
    let settings = [(VERSION, "1.36.1"), (CHANNEL, "patch")];
    let pinned = world.operator(&settings);
    let found = checked(&pinned, "upgrades").await;
    assert_eq!(found[0].0, Verdict::Warn, "{found:?}");
    pinned.provision().await.unwrap();
    // What AKS does one night.
    edit(&world, |properties| {
        properties["kubernetesVersion"] = "1.36.2".into();
        properties["currentKubernetesVersion"] = "1.36.2".into();
    })
    .await;
    let told = refused(&pinned).await;
    assert!(
        told.contains("runs Kubernetes 1.36.2") && told.contains("does not go back to 1.36.1"),
        "{told}"
    );
    assert!(
        told.contains("its upgrade channel patch goes past that version"),
        "{told}"
    );
    assert!(told.contains("AZURE_AKS_UPGRADE_CHANNEL: none"), "{told}");
    let status = pinned
        .driver
        .clusters()
        .unwrap()
        .status(&pinned.cx, &pinned.scope)
        .await
        .unwrap();
    assert_eq!(status.drift.len(), 1, "{:?}", status.drift);
    // The minor version alone is one that the channel keeps to.
    let minor = world.operator(&[(VERSION, "1.36"), (CHANNEL, "patch")]);
    minor.provision().await.unwrap();
    let found = checked(&minor, "upgrades").await;
    assert_eq!(found[0].0, Verdict::Pass, "{found:?}");
}

#[tokio::test]
async fn windows_come_change_and_go_with_their_setting() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let with = world.operator(&[SATURDAY]);
    let plan = with.plan().await.unwrap();
    assert_eq!(last(&plan, ChangeAction::Create), SCHEDULES, "{plan:?}");
    assert_eq!(last(&plan, ChangeAction::Update), [""; 0], "{plan:?}");
    with.provision().await.unwrap();
    assert_eq!(with.plan().await.unwrap(), Plan::default());
    let later = world.operator(&[(WINDOW, "Sun 02:30 6h +00:00")]);
    let plan = later.plan().await.unwrap();
    assert_eq!(last(&plan, ChangeAction::Update), SCHEDULES, "{plan:?}");
    assert!(
        inputs(&plan).contains(&("maintenanceWindow.dayOfWeek", Some("Saturday"), Some("Sunday"))),
        "{plan:?}"
    );
    later.provision().await.unwrap();
    for name in SCHEDULES {
        let window = schedule(&world, name).await.unwrap();
        assert_eq!(window["schedule"]["weekly"]["dayOfWeek"], "Sunday");
        assert_eq!(
            (&window["startTime"], &window["durationHours"]),
            (&json!("02:30"), &json!(6))
        );
    }
    let without = world.operator(&[]);
    let plan = without.plan().await.unwrap();
    assert_eq!(last(&plan, ChangeAction::Delete), SCHEDULES, "{plan:?}");
    without.provision().await.unwrap();
    for name in SCHEDULES {
        assert_eq!(schedule(&world, name).await, None);
    }
    assert_eq!(without.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn windows_go_with_the_cluster() {
    let world = World::new().await;
    let operator = world.operator(&[SATURDAY]);
    operator.provision().await.unwrap();
    let request = DeprovisionRequest::default();
    operator
        .driver
        .clusters()
        .unwrap()
        .deprovision(&operator.cx, &operator.scope, &request, Mode::Apply)
        .await
        .unwrap();
    assert_eq!(
        world.emulator.resources(&world.group_id()).await,
        Vec::<Value>::new()
    );
    assert_eq!(world.emulator.resource(&world.stack_id()).await, None);
}

#[tokio::test]
async fn a_window_of_somebody_else_is_neither_touched_nor_written_over() {
    let world = World::new().await;
    world.operator(&[]).provision().await.unwrap();
    let theirs = json!({ "schedule": { "absoluteMonthly": { "intervalMonths": 1, "dayOfMonth": 1 } },
        "durationHours": 8, "utcOffset": "+00:00", "startTime": "00:00", "startDate": "2026-01-01" });
    let id = format!(
        "{}/maintenanceConfigurations/{}",
        world.cluster_id().await,
        SCHEDULES[1]
    );
    let put = async |window: &Value| {
        let body = json!({ "properties": { "maintenanceWindow": window } });
        world.emulator.put_resource(&id, body).await.unwrap();
        world.requests();
    };
    put(&theirs).await;
    let without = world.operator(&[]);
    assert_eq!(without.plan().await.unwrap(), Plan::default());
    without.force().await.unwrap();
    assert_eq!(schedule(&world, SCHEDULES[1]).await, Some(theirs.clone()));
    world.requests();
    let with = world.operator(&[SATURDAY]);
    let told = refused(&with).await;
    assert!(told.contains(SCHEDULES[1]) && told.contains(WINDOW), "{told}");
    let found = checked(&with, "upgrades").await;
    assert_eq!(found[0].0, Verdict::Fail, "{found:?}");
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(schedule(&world, SCHEDULES[1]).await, Some(theirs));
    // One that says the same may be ours, from a run that was cut off.
    put(&json!({ "schedule": { "weekly": { "intervalWeeks": 1, "dayOfWeek": "Saturday" } }, "durationHours": 4,
        "utcOffset": "+09:00", "startTime": "01:00", "startDate": "2026-01-01" }))
    .await;
    with.provision().await.unwrap();
    assert_eq!(with.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn a_window_of_a_run_that_failed_later_is_ours_also_when_the_setting_changed_meanwhile() {
    let world = World::new().await;
    world.operator(&[SATURDAY]).provision().await.unwrap();
    // As a stack that tells nothing of what a failed run has made.
    world
        .edit(&world.stack_id(), |stack| {
            let held = stack["properties"]["resources"].as_array_mut().unwrap();
            held.retain(|resource| {
                !resource["id"]
                    .as_str()
                    .unwrap()
                    .contains("/maintenanceConfigurations/")
            });
            stack["properties"]["provisioningState"] = "failed".into();
        })
        .await;
    let changed = world.operator(&[(WINDOW, "Sun 02:00 5h +09:00")]);
    changed.provision().await.unwrap();
    for name in SCHEDULES {
        let window = schedule(&world, name).await.unwrap();
        assert_eq!(window["startTime"], "02:00", "{name}");
    }
}

#[tokio::test]
async fn an_upgrade_that_aks_wants_in_one_request_is_told_with_its_command() {
    let world = World::new().await;
    world.operator(&[(VERSION, "1.35")]).provision().await.unwrap();
    let refusal = FaultAction::respond(
        400,
        "NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged",
        "Using managed cluster api, all Agent pools' OrchestratorVersion must be all specified or all unspecified.",
    );
    world.fault(FaultRule::new("PUT", "**/managedClusters/*", refusal).times(1));
    let newer = world.operator(&[(VERSION, "1.36")]);
    let error = newer.provision().await.unwrap_err();
    assert!(whole(&error).contains("az aks upgrade"), "{}", whole(&error));
    // What that command does.
    for id in world.emulator.resources(&world.cluster_id().await).await {
        let id = id["id"].as_str().unwrap().to_owned();
        world
            .edit(&id, |pool| {
                for name in ["orchestratorVersion", "currentOrchestratorVersion"] {
                    pool["properties"][name] = "1.36.2".into();
                }
            })
            .await;
    }
    edit(&world, |properties| {
        for name in ["kubernetesVersion", "currentKubernetesVersion"] {
            properties[name] = "1.36.2".into();
        }
    })
    .await;
    newer.provision().await.unwrap();
    assert_eq!(newer.plan().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn windows_are_looked_at_only_where_one_is_wanted() {
    let world = World::new().await;
    let asked = async |operator: &Operator| {
        operator.plan().await.unwrap();
        let requests = world.requests();
        requests
            .iter()
            .filter(|request| request.path.contains("/maintenanceConfigurations"))
            .count()
    };
    assert_eq!(asked(&world.operator(&[])).await, 0);
    // Before there is a group, too.
    assert_eq!(asked(&world.operator(&[SATURDAY])).await, 1);
}

#[tokio::test]
async fn azures_policy_becomes_ciliums_with_a_word_about_the_nodes_and_never_back() {
    let world = earlier().await;
    let cilium = world.operator(&[(POLICY, "cilium")]);
    let plan = cilium.plan().await.unwrap();
    assert_eq!(
        inputs(&plan),
        [
            ("networkDataplane", None, Some("cilium")),
            ("networkPolicy", None, Some("cilium"))
        ]
    );
    let reasons: Vec<&str> = plan
        .of(ChangeAction::Update)
        .map(|change| change.reason.as_str())
        .collect();
    assert!(
        reasons.len() == 1 && reasons[0].contains("re-image the nodes of all pools at the same time"),
        "{reasons:?}"
    );
    let found = checked(&cilium, "networkPolicy").await;
    assert_eq!(found[0].0, Verdict::Warn, "{found:?}");
    assert_eq!(cilium.told.warnings(), []);
    cilium.provision().await.unwrap();
    let warnings = cilium.told.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].1.contains("re-image the nodes"),
        "{warnings:?}"
    );
    let network = properties(&world).await["networkProfile"].clone();
    assert_eq!(
        (&network["networkPolicy"], &network["networkDataplane"]),
        (&json!("cilium"), &json!("cilium"))
    );
    world.requests();
    for back in ["azure", "none"] {
        let told = refused(&world.operator(&[(POLICY, back)])).await;
        assert!(
            told.contains(&format!("the network policy is cilium and would be {back}")),
            "{told}"
        );
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}
