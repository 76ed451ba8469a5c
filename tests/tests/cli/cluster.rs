//! `cluster`: a whole environment, brought up, looked at and taken down again.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultRule, OperationFault, Outcome, RetryAfter};
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DIFFERENCE, DONE, FAILED, USAGE};
use serde_json::{Value, json};

use crate::shop;

const CLUSTER: &str = ".kompox/kom/cluster.yml";

/// An environment whose cluster somebody else made.
fn existing() -> TestEnvironment {
    let env = shop();
    env.edit(CLUSTER, "spec:\n", "spec:\n  existing: true\n");
    env
}

#[test]
fn nothing_is_done_to_an_existing_cluster_whatever_is_asked_for() {
    let env = existing();
    for line in [
        "cluster provision",
        "cluster provision --force",
        "cluster provision --dry-run --force",
        "cluster deprovision --dry-run",
        "cluster deprovision --force --yes --allow-delete /subscriptions/x",
    ] {
        let output = env.run(&format!("{line} -o json --progress none")).expect(DONE);
        assert_eq!(output.json()["empty"], true, "{line}: {output}");
        assert_eq!(output.stderr, "", "{line}: {output}");
    }
    assert_snapshot!(env.run("cluster deprovision -o table --progress none").expect(DONE), @r"
    ------- stderr -------
    cluster main is somebody else's (existing: true): nothing to do
    [exit status: 0]
    ");
    assert!(env.emulator().requests().is_empty());
}

#[test]
fn flags_that_cannot_be_meant_together_are_a_usage_error() {
    let env = shop();
    env.run("cluster status --all --cluster-name main")
        .assert_code(USAGE);
    env.run("cluster").assert_code(USAGE);
    let unknown = env
        .run("cluster status --cluster-name mian -o json")
        .expect(FAILED);
    assert_eq!(unknown.error()["kind"], "notFound");
    assert_eq!(unknown.error()["hint"], "did you mean main? clusters: main");
}

/// The id of something in the group of the cluster.
fn in_group(env: &TestEnvironment, rest: &str) -> String {
    let subscription = &env.connection().subscription_id;
    format!("/subscriptions/{subscription}/resourceGroups/rg-main/providers/{rest}")
}

fn provision(env: &TestEnvironment) {
    env.run("cluster provision -q").assert_code(DONE);
}

fn actions(plan: &Value, action: &str) -> usize {
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().filter(|change| change["action"] == action).count()
}

#[test]
fn a_plan_is_shown_before_it_is_carried_out_and_the_second_time_nothing_is_left_to_do() {
    let env = shop();
    let planned = env.run("cluster provision --dry-run -o table --progress none");
    assert_snapshot!(planned.expect(DIFFERENCE), @r"
    ACTION   RESOURCE                                            REASON
    create   resourceGroups/rg-main                              not there yet
    create   vaults/kv-[TOKEN......]                             not there yet
    create   workspaces/log-[TOKEN......]                        not there yet
    create   dataCollectionRules/dcr-[TOKEN......]               not there yet
    create   registries/cr[TOKEN......]                          not there yet
    create   userAssignedIdentities/id-ingress-[TOKEN......]     not there yet
    create   managedClusters/aks-[TOKEN......]                   not there yet
    create   managedClusters/aks-[TOKEN......]/agentPools/user   not there yet
    create   role assignments                                    not there yet
    [exit status: 3]
    ");
    let reads = |request: &kompox_azure_emulator::LoggedRequest| {
        request.method == "GET" || request.path.contains("/validate?")
    };
    let requests = env.emulator().requests();
    let arm = requests
        .iter()
        .filter(|request| request.path.starts_with("/subscriptions/"));
    assert!(arm.clone().count() > 0 && arm.clone().all(reads), "{requests:#?}");

    let done = env.run("cluster provision -o json").expect(DONE);
    assert!(done.stderr.contains("create managed cluster aks-"), "{done}");
    assert!(
        done.stderr.contains("cluster main is provisioned: 9 created in"),
        "{done}"
    );
    let plan = done.json();
    assert_eq!(
        (&plan["name"], &plan["dryRun"], &plan["empty"]),
        (&json!("main"), &json!(false), &json!(false))
    );
    assert_eq!(actions(&plan, "create"), 9);

    for line in [
        "cluster provision -o table",
        "cluster provision --dry-run -o table",
    ] {
        let again = env.run(&format!("{line} --progress none")).expect(DONE);
        assert_eq!(again.stdout, "");
        assert_eq!(again.stderr, "cluster main is as configured: nothing to do\n");
    }
}

#[test]
fn a_difference_is_told_with_what_it_comes_from() {
    let env = shop();
    provision(&env);
    env.edit(
        CLUSTER,
        "    AZURE_RESOURCE_GROUP_NAME",
        "    AZURE_AKS_SKU_TIER: Standard\n    AZURE_RESOURCE_GROUP_NAME",
    );
    let planned = env.run("cluster provision --dry-run -o table --progress none");
    assert_snapshot!(planned.expect(DIFFERENCE), @r"
    ACTION   RESOURCE                            REASON
    update   managedClusters/aks-[TOKEN......]   changed: skuTier

    INPUT     FROM   TO
    skuTier   Free   Standard
    [exit status: 3]
    ");
    let names = env.run("cluster provision -o name --progress none").expect(DONE);
    assert!(
        names.stdout.to_lowercase().contains("/managedclusters/aks-"),
        "{names}"
    );
    env.run("cluster provision --dry-run").assert_code(DONE);
}

#[test]
fn what_is_taken_down_is_shown_and_asked_before_and_reported_after() {
    let env = shop();
    provision(&env);
    let planned = env
        .run("cluster deprovision --dry-run -o json --progress none")
        .expect(DIFFERENCE)
        .json();
    let going = actions(&planned, "delete");
    assert!(going > 10, "{planned}");

    let refused = env.run("cluster deprovision --progress none").expect(FAILED);
    assert_eq!(refused.stdout, "");
    assert!(
        refused.stderr.starts_with(&format!(
            "error: deleting {going} resources of cluster main needs a yes"
        )),
        "{refused}"
    );
    assert_eq!(env.run("cluster deprovision --dry-run -o json").json(), planned);

    let done = env
        .run("cluster deprovision --yes -o json --progress none")
        .expect(DONE);
    let report = done.json();
    // The name of the vault is free again, too.
    assert_eq!(actions(&report, "delete"), going + 1, "{report}");
    assert_eq!(actions(&report, "keep"), 0);
    let again = env
        .run("cluster deprovision --yes -o table --progress none")
        .expect(DONE);
    assert_eq!(again.stderr, "nothing of cluster main is there: nothing to do\n");
    provision(&env);
}

#[test]
fn what_holds_data_is_in_the_way_until_it_is_named_with_the_flags_that_are_told() {
    let env = shop();
    provision(&env);
    let disk = in_group(&env, "Microsoft.Compute/disks/precious");
    let body = json!({
        "location": "japaneast",
        "sku": {"name": "Premium_LRS"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4},
    });
    env.block_on(env.emulator().put_resource(&disk, body)).unwrap();
    let refused = env
        .run("cluster deprovision --yes -o json --progress none")
        .expect(FAILED);
    let told = refused.error();
    assert_eq!(told["kind"], "precondition");
    assert_eq!(told["failures"].as_array().unwrap().len(), 1, "{told}");
    assert!(
        told["failures"][0]["resource"]
            .as_str()
            .unwrap()
            .eq_ignore_ascii_case(&disk)
    );
    let hint = told["hint"].as_str().unwrap();
    let (_, command) = hint.split_once("kompoxops ").unwrap();
    assert!(
        command
            .to_lowercase()
            .ends_with(&format!("--allow-delete {}", disk.to_lowercase())),
        "{hint}"
    );
    assert!(env.block_on(env.emulator().resource(&disk)).is_some());
    // --force does not stand in for it.
    env.run("cluster deprovision --yes --force --progress none")
        .assert_code(FAILED);
    assert!(env.block_on(env.emulator().resource(&disk)).is_some());

    // Neither does a name instead of an id, and a mistyped id is told.
    let wrong = env
        .run("cluster deprovision --yes --allow-delete precious -o json --progress none")
        .expect(FAILED);
    assert_eq!(wrong.error()["kind"], "invalidInput");
    let mistyped = env
        .run(&format!(
            "cluster deprovision --yes --allow-delete {disk}s --progress none"
        ))
        .expect(FAILED);
    assert!(
        mistyped
            .stderr
            .contains(&format!("--allow-delete {disk}s: nothing of that id is there")),
        "{mistyped}"
    );
    assert!(env.block_on(env.emulator().resource(&disk)).is_some());

    env.run(&format!("{command} --yes -q")).assert_code(DONE);
    assert!(env.block_on(env.emulator().resource(&disk)).is_none());
}

#[test]
fn what_could_not_be_made_is_told_down_to_where_it_began() {
    let env = shop();
    let quota = OperationFault {
        outcome: Outcome::Fail {
            code: "ErrCode_InsufficientVCPUQuota".to_owned(),
            message: "Insufficient regional vcpu quota left for location japaneast. left regional vcpu quota 4, requested quota 12.".to_owned(),
        },
        retry_after: RetryAfter::Seconds(0),
        ..OperationFault::default()
    };
    env.fault(FaultRule::new(
        "PUT",
        "**/managedClusters/*",
        FaultAction::Operation(quota),
    ));
    let failed = env.run("cluster provision --progress none").expect(FAILED);
    assert_snapshot!(failed, @"
    ------- stderr -------
    error: cannot provision cluster /ws/demo/prv/azure/cls/main (quotaExceeded)
      caused by: cannot provision cluster main: managed cluster aks-[TOKEN......]: Insufficient regional vcpu quota left for location japaneast. left regional vcpu quota 4, requested quota 12.
      in detail:
        deploymentStacks/kompox_demo_azure_main: DeploymentStackDeploymentFailed: One or more resources could not be deployed. Correlation id: '[UUID-1............................]'.
          deployments/cluster-[TOKEN......]: ResourceDeploymentFailure: The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.
            managedClusters/aks-[TOKEN......]: ResourceDeploymentFailure: The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.
              managedClusters/aks-[TOKEN......]: ErrCode_InsufficientVCPUQuota: Insufficient regional vcpu quota left for location japaneast. left regional vcpu quota 4, requested quota 12.
                correlation id: [UUID-1............................]
    hint: ask for more cores of that family; see how many there are: az vm list-usage --location <region>; or set another AZURE_AKS_SYSTEM_VM_SIZE or AZURE_AKS_USER_VM_SIZE; the next run goes on where this one stopped
    [exit status: 1]
    ");
    let told = env
        .run("cluster provision -o json --progress none")
        .expect(FAILED)
        .error();
    let mut leaf = &told["failures"][0];
    while let Some(cause) = leaf["causes"].as_array().and_then(|causes| causes.first()) {
        leaf = cause;
    }
    assert_eq!(leaf["code"], "ErrCode_InsufficientVCPUQuota", "{told}");
    assert!(
        leaf["hint"].is_string() && leaf["correlationId"].is_string(),
        "{leaf}"
    );
}

#[test]
fn a_protected_cluster_is_made_once_and_then_neither_changed_nor_deleted() {
    let env = shop();
    env.edit(
        CLUSTER,
        "spec:\n",
        "spec:\n  protection:\n    provisioning: cannotDelete\n",
    );
    provision(&env);
    let refused = env
        .run("cluster deprovision --yes --force --progress none")
        .expect(FAILED);
    assert!(
        refused.stderr.contains("protection.provisioning: cannotDelete"),
        "{refused}"
    );
    assert!(
        refused
            .hint()
            .contains("set protection.provisioning of cluster main to none"),
        "{refused}"
    );
    env.edit(CLUSTER, "cannotDelete", "none");
    env.run("cluster deprovision --yes -q").assert_code(DONE);
}

#[test]
fn a_deadline_in_the_middle_names_the_command_that_waits_for_the_rest() {
    let env = shop();
    let never = OperationFault {
        outcome: Outcome::Stuck,
        retry_after: RetryAfter::Seconds(1),
        ..OperationFault::default()
    };
    env.fault(FaultRule::new(
        "PUT",
        "**/managedClusters/*",
        FaultAction::Operation(never),
    ));
    let late = env
        .run("cluster provision --cluster-name main --timeout 6s -o json --progress none")
        .expect(FAILED)
        .error();
    assert_eq!(late["kind"], "timeout", "{late}");
    let hint = late["hint"].as_str().unwrap();
    assert!(
        hint.contains("kompoxops cluster wait --cluster-name main"),
        "{hint}"
    );
}

#[test]
fn what_would_keep_a_cluster_from_being_made_is_asked_for_without_a_write() {
    let env = shop();
    let passed = env.run("check --online -o table --progress none").expect(DONE);
    assert_snapshot!(passed, @"
    KIND                VERDICT   FINDING
    identity            pass      signed in as client [UUID-1............................] with object id [UUID-2............................] of tenant [UUID-3............................]; subscription Kompox emulator ([SUBSCRIPTION......................]) is Enabled
    permissions         pass      everything that kompoxops does with clusters and volumes is allowed
    providers           pass      the subscription is registered for all 10 providers that are needed
    deploymentStack     pass      deployment stack kompox_demo_azure_main is still to be made
    resourceGroup       pass      resource group rg-main is still to be made
    kubernetesVersion   pass      AKS's own choice for a new cluster, now 1.36
    upgrades            pass      Kubernetes by channel patch, nodes by channel NodeImage, whenever AKS comes to it, unless AZURE_AKS_MAINTENANCE_WINDOW or somebody else says when
    networkPolicy       pass      cilium enforces network policies
    skus                pass      region japaneast offers the machines of all pools where they are to be
    quota               pass      6 vCPUs for the nodes to begin with fit into the quotas of region japaneast, and 18 with all that the autoscaler may add
    vaultNames          pass      no deleted vault holds the name that the cluster's vault will have
    ingressImage        pass      of Traefik v3.7.13 no security advisory was published when this program was made
    checked 4 files with 1 workspace, 1 provider, 1 cluster, 1 app: of the checks online 12 passed
    [exit status: 0]
    ");
    let written = |request: &kompox_azure_emulator::LoggedRequest| {
        request.path.starts_with("/subscriptions/")
            && matches!(request.method.as_str(), "PUT" | "PATCH" | "DELETE")
    };
    assert!(!env.emulator().requests().iter().any(written));

    env.emulator().restrict_caller(Some(vec!["*/read".to_owned()]));
    let failed = env
        .run("check --online -o json --progress none")
        .expect(FAILED)
        .json();
    assert_eq!(
        (&failed["ok"], failed["findings"].as_array().unwrap().len()),
        (&json!(false), 0)
    );
    let checks = failed["checks"].as_array().unwrap();
    let failing: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "fail").collect();
    assert_eq!(failing.len(), 1, "{failed:#}");
    assert_eq!(failing[0]["kind"], "permissions");
    assert_eq!(failing[0]["id"], "/ws/demo/prv/azure/cls/main");
    assert!(failing[0]["hint"].is_string());
    assert!(env.run("check -o json").expect(DONE).json()["checks"].is_null());
}
