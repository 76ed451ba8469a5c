//! `cluster status` and `cluster wait`: how a cluster stands, and what goes on with it.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultRule, OperationFault, Outcome, RetryAfter};
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::Value;

use crate::{members, shop};

const CLUSTER: &str = ".kompox/kom/cluster.yml";

/// An operation on the managed cluster that ends so.
fn cluster_operation(env: &TestEnvironment, outcome: Outcome) {
    let fault = OperationFault {
        outcome,
        retry_after: RetryAfter::Seconds(1),
        ..OperationFault::default()
    };
    env.fault(FaultRule::new(
        "PUT",
        "**/managedClusters/*",
        FaultAction::Operation(fault),
    ));
}

#[test]
fn before_and_after_a_cluster_is_there_its_status_is_an_answer() {
    let env = shop();
    let missing = env
        .run("cluster status -o json --progress none")
        .expect(DONE)
        .json();
    assert_eq!(
        members(&missing),
        [
            "addresses",
            "conditions",
            "drift",
            "existing",
            "found",
            "handle",
            "id",
            "ingressFQDN",
            "ingressGlobalIP",
            "installed",
            "name",
            "pools",
            "powerState",
            "provisioned",
            "underWay",
            "versions",
        ]
    );
    assert_eq!(
        (&missing["found"], &missing["provisioned"]),
        (&Value::Bool(false), &Value::Bool(false))
    );
    env.run("cluster provision -q").assert_code(DONE);
    let there = env.run("cluster status -o table --progress none").expect(DONE);
    assert_snapshot!(there, @r"
    CLUSTER   EXISTING   PROVISIONED   INSTALLED   VERSION   POWER     INGRESS-IP   INGRESS-FQDN   UNDER-WAY
    main      no         yes           no          1.36.2    Running   -            -              -

    POOL     MODE     MACHINE           COUNT   ZONES   VERSION   STATE
    system   System   Standard_D4s_v5   1       -       1.36.2    Succeeded
    user     User     Standard_D2s_v5   1       -       1.36.2    Succeeded

    ADDRESS   OF THE API SERVER
    public    aks-[TOKEN......].hcp.japaneast.azmk8s.io

    CONDITION     STATUS   REASON             MESSAGE
    provisioned   yes      succeeded          the deployment stack and the managed cluster both succeeded
    installed     no       namespaceMissing   there is no namespace traefik
    reachable     yes      answered           the cluster's API server answers
    drift         no       asConfigured       everything is as configured
    [exit status: 0]
    ");
    let json = env
        .run("cluster status -o json --progress none")
        .expect(DONE)
        .json();
    assert_eq!(json["provisioned"], true);
    assert!(
        json["handle"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("/managedclusters/aks-"),
        "{json}"
    );

    // What differs is told, and is no failure.
    env.edit(
        CLUSTER,
        "    AZURE_RESOURCE_GROUP_NAME",
        "    AZURE_AKS_SKU_TIER: Standard\n    AZURE_RESOURCE_GROUP_NAME",
    );
    let drifted = env
        .run("cluster status -o json --progress none")
        .expect(DONE)
        .json();
    assert!(!drifted["drift"].as_array().unwrap().is_empty(), "{drifted}");
}

#[test]
fn a_missing_credential_fails_a_status() {
    let env = shop();
    env.write(".kompox/secrets/client-secret", "wrong");
    let refused = env.run("cluster status -o json --progress none").expect(FAILED);
    assert_eq!(refused.error()["kind"], "unauthenticated");
}

#[test]
fn of_all_clusters_each_has_its_line_also_the_one_that_cannot_be_asked_about() {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    let cluster = env.read(CLUSTER);
    for name in ["spare", "third"] {
        let other = cluster.replace("main", name);
        env.write(format!(".kompox/kom/cluster-{name}.yml"), &other);
    }
    let all = env
        .run("cluster status --all -o json --progress none")
        .expect(DONE)
        .json();
    let told: Vec<(&str, Option<bool>)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["provisioned"].as_bool()))
        .collect();
    assert_eq!(
        told,
        [
            ("spare", Some(false)),
            ("third", Some(false)),
            ("main", Some(true))
        ]
    );

    // Another provider, whose secret cannot be read, with a cluster of its own.
    let provider = env.read(".kompox/kom/provider.yml");
    let other = provider
        .replace("name: azure", "name: other")
        .replace("/prv/azure", "/prv/other")
        .replace("file:../secrets/client-secret", "file:../secrets/nothing");
    env.write(".kompox/kom/provider-other.yml", &other);
    env.write(
        ".kompox/kom/cluster-other.yml",
        &cluster.replace("/prv/azure", "/prv/other"),
    );
    let all = env
        .run("cluster status --all -o json --progress none")
        .expect(FAILED);
    let lines = all.json();
    let errors: Vec<bool> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["error"].is_object())
        .collect();
    assert_eq!(errors.iter().filter(|failed| **failed).count(), 1, "{lines}");
    assert!(
        all.error()["message"]
            .as_str()
            .unwrap()
            .starts_with("1 of 4 clusters could not"),
        "{all}"
    );
}

#[test]
fn with_nothing_under_way_waiting_ends_at_once() {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    let waited = env.run("cluster wait -o json --progress none").expect(DONE);
    assert_eq!(waited.stderr, "nothing is under way with cluster main\n");
    let json = waited.json();
    assert!(json["waitedFor"].is_null());
    assert_eq!(json["provisioned"], true);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_it_to_the_cloud_and_names_the_command_that_waits_for_it() {
    use kompoxops::exit_codes::INTERRUPTED;

    let env = shop();
    cluster_operation(&env, Outcome::Stuck);
    let mut running = env.command("cluster provision --cluster-name main").spawn();
    running.wait_for_stderr("create managed cluster aks-");
    running.signal("INT");
    let interrupted = running.wait().expect(INTERRUPTED);
    assert_eq!(
        interrupted.hint(),
        "see how it ends with: kompoxops cluster wait --cluster-name main"
    );
    let (_, told) = interrupted
        .stderr
        .split_once("interrupted; this may still run in Azure: ")
        .unwrap();
    assert!(told.contains("create managed cluster aks-"), "{interrupted}");
    assert!(
        told.contains("deploy deployment stack kompox_demo_azure_main"),
        "{interrupted}"
    );

    let status = env
        .run("cluster status -o json --progress none")
        .expect(DONE)
        .json();
    assert!(status["underWay"].is_string(), "{status}");
    let late = env
        .run("cluster wait --timeout 3s -o json --progress none")
        .expect(FAILED)
        .error();
    assert_eq!(late["kind"], "timeout");
    assert!(
        late["hint"].as_str().unwrap().contains("kompoxops cluster wait"),
        "{late}"
    );
}

#[test]
fn what_was_begun_is_waited_for_to_its_end() {
    let env = shop();
    let slow = OperationFault {
        milliseconds: Some(4_000),
        retry_after: RetryAfter::Seconds(1),
        ..OperationFault::default()
    };
    env.fault(FaultRule::new(
        "PUT",
        "**/managedClusters/*",
        FaultAction::Operation(slow),
    ));
    env.run("cluster provision --timeout 2s -q").assert_code(FAILED);
    let waited = env.run("cluster wait -o json --progress none").expect(DONE);
    let json = waited.json();
    assert!(json["waitedFor"].is_string(), "{waited}");
    assert_eq!(json["provisioned"], true, "{waited}");
}

#[test]
fn a_first_creation_that_would_fail_is_refused_before_anything_is_written() {
    let env = shop();
    env.edit(
        CLUSTER,
        "    AZURE_RESOURCE_GROUP_NAME",
        "    AZURE_AKS_KUBERNETES_VERSION: \"1.19\"\n    AZURE_RESOURCE_GROUP_NAME",
    );
    let refused = env
        .run("cluster provision -o json --progress none")
        .expect(FAILED);
    let told = refused.error();
    assert_eq!(told["kind"], "precondition", "{told}");
    let codes: Vec<&str> = told["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| failure["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["kubernetesVersion"], "{told}");
    let written = |request: &kompox_azure_emulator::LoggedRequest| {
        request.path.starts_with("/subscriptions/") && request.method == "PUT"
    };
    assert!(!env.emulator().requests().iter().any(written));
}
