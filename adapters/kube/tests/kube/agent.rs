//! What the agent of Container insights is told: in a ConfigMap of ours, or not at all.

use kompox_domain::cluster::{Change, ChangeAction};
use kompox_kube::Agent;
use serde_json::{Value, json};

use crate::world::World;

const CONFIG: &str = "/api/v1/namespaces/kube-system/configmaps/container-azm-ms-agentconfig";
const OWNER: &str = "ws1/prv1/c1";

/// Does what is asked for, and answers what it was, and what is to be known.
async fn settle(world: &World, system_logs: bool) -> (Option<Change>, Option<String>) {
    let cx = world.cx();
    let agent = Agent {
        client: &world.client,
        cx: &cx,
        owner: OWNER,
        system_logs,
    };
    let mut look = agent.look().await.unwrap();
    let told = (look.change(), look.warning());
    agent.settle(&mut look, false).await.unwrap();
    told
}

async fn config(world: &World) -> Option<Value> {
    let (status, body) = world
        .api
        .try_send("GET", CONFIG, "application/json", None)
        .await
        .unwrap();
    (status == 200).then_some(body)
}

fn action(told: &(Option<Change>, Option<String>)) -> Option<ChangeAction> {
    told.0.as_ref().map(|change| change.action)
}

#[tokio::test]
async fn the_configuration_is_made_once_with_its_cost_said_and_goes_when_it_is_not_wanted_any_more() {
    let world = World::quiet().await;
    assert_eq!(settle(&world, false).await, (None, None));
    assert_eq!(config(&world).await, None);
    let made = settle(&world, true).await;
    assert_eq!(action(&made), Some(ChangeAction::Create));
    let reason = &made.0.unwrap().reason;
    assert!(
        reason.contains("kube-system") && reason.contains("charges"),
        "{reason}"
    );
    let there = config(&world).await.unwrap();
    let data = &there["data"];
    assert_eq!(data["schema-version"], "v1");
    assert!(data["config-version"].as_str().unwrap().len() <= 10);
    let settings = data["log-data-collection-settings"].as_str().unwrap();
    for stream in ["stdout", "stderr"] {
        let section = format!("[log_collection_settings.{stream}]");
        let after = settings.split(&section).nth(1).unwrap();
        let lines: Vec<&str> = after
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(
            lines[..2],
            ["enabled = true", "exclude_namespaces = []"],
            "{settings}"
        );
    }
    assert_eq!(settle(&world, true).await, (None, None));
    let gone = settle(&world, false).await;
    assert_eq!(action(&gone), Some(ChangeAction::Delete));
    assert_eq!(config(&world).await, None);
}

#[tokio::test]
async fn what_somebody_changed_of_ours_is_put_back() {
    let world = World::quiet().await;
    settle(&world, true).await;
    let change = json!({ "data": { "log-data-collection-settings": "[log_collection_settings]" } });
    let kind = "application/merge-patch+json";
    let (status, _) = world
        .api
        .try_send("PATCH", CONFIG, kind, Some(&change))
        .await
        .unwrap();
    assert_eq!(status, 200);
    let cx = world.cx();
    let agent = Agent {
        client: &world.client,
        cx: &cx,
        owner: OWNER,
        system_logs: true,
    };
    let mut look = agent.look().await.unwrap();
    assert_eq!(look.change().unwrap().action, ChangeAction::Update);
    agent.settle(&mut look, true).await.unwrap();
    assert_eq!(settle(&world, true).await, (None, None));
}

#[tokio::test]
async fn the_configuration_of_somebody_else_or_of_another_cluster_is_left_alone_and_told_of() {
    let world = World::quiet().await;
    let ours = json!({ "app.kubernetes.io/managed-by": "kompoxops" });
    for (labels, annotations, why) in [
        (json!({}), json!({}), "somebody else made it"),
        (
            ours,
            json!({ "ops.kompox.dev/cluster": "ws1/prv1/c2" }),
            "it belongs to the cluster ws1/prv1/c2",
        ),
    ] {
        let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "container-azm-ms-agentconfig", "namespace": "kube-system",
            "labels": labels, "annotations": annotations }, "data": { "schema-version": "v1" } });
        let all = "/api/v1/namespaces/kube-system/configmaps";
        world.api.must("POST", all, Some(&theirs)).await;
        let there = config(&world).await;
        let told = settle(&world, true).await;
        assert_eq!(action(&told), Some(ChangeAction::Keep));
        let warning = told.1.unwrap();
        assert!(
            warning.starts_with("ConfigMap kube-system/container-azm-ms-agentconfig is left")
                && warning.contains(why),
            "{warning}"
        );
        assert_eq!(settle(&world, false).await, (None, None));
        assert_eq!(config(&world).await, there);
        world.api.must("DELETE", CONFIG, None).await;
    }
}

#[tokio::test]
async fn what_somebody_wrote_into_ours_is_not_deleted_with_it() {
    let world = World::quiet().await;
    settle(&world, true).await;
    let mut more = config(&world).await.unwrap();
    more["data"]["prometheus-data-collection-settings"] = json!("x");
    world.api.must("PUT", CONFIG, Some(&more)).await;
    let there = config(&world).await;
    let (change, warning) = settle(&world, false).await;
    assert_eq!(change, None);
    let warning = warning.unwrap();
    assert!(
        warning.contains("prometheus-data-collection-settings"),
        "{warning}"
    );
    assert_eq!(config(&world).await, there);
}
