//! `cluster install` and `cluster uninstall`, as a user sees them.

use insta::assert_snapshot;
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule};
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DIFFERENCE, DONE, FAILED};
use serde_json::json;

use crate::shop;

const CLUSTER: &str = ".kompox/kom/cluster.yml";

/// The shop with its cluster.
fn open() -> TestEnvironment {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    env
}

#[test]
fn an_ingress_is_planned_installed_shown_and_taken_off_again() {
    let env = open();
    assert_snapshot!(env.run("cluster install --dry-run -o table --progress none").expect(DIFFERENCE), @r"
    ACTION   RESOURCE                              REASON
    create   Namespace traefik                     it is not there
    create   ServiceAccount traefik/traefik        it is not there
    create   ClusterRole traefik-traefik           it is not there
    create   ClusterRoleBinding traefik-traefik    it is not there
    create   Service traefik/traefik               it is not there
    create   Deployment traefik/traefik            it is not there
    create   PodDisruptionBudget traefik/traefik   it is not there
    create   IngressClass traefik                  it is not there
    [exit status: 3]
    ");
    let installed = env.run("cluster install -o name --progress plain").expect(DONE);
    for step in [
        "apply Namespace traefik: started",
        "apply Deployment traefik/traefik: done in",
        "wait until Traefik is available: done in",
        "wait until Traefik has an address: done in",
        "the ingress of cluster main is installed: 8 created in",
    ] {
        assert!(installed.stderr.contains(step), "{step}: {installed}");
    }
    assert_eq!(installed.stdout.lines().count(), 8, "{installed}");
    assert_snapshot!(env.run("cluster install -o table").expect(DONE), @r"
    ------- stderr -------
    the ingress of cluster main is as configured: nothing to do
    [exit status: 0]
    ");
    let status = env.run("cluster status -o json").expect(DONE).json();
    assert_eq!(status["installed"], true);
    assert!(status["ingressGlobalIP"].is_string(), "{status}");
    let refused = env.run("cluster deprovision -o json").expect(FAILED);
    assert_eq!(
        refused.error()["hint"],
        "take it off first: kompoxops cluster uninstall; or let it go along with --force"
    );
    assert_snapshot!(env.run("cluster uninstall").expect(FAILED), @r"
    ------- stderr -------
    error: deleting 8 objects of cluster main's ingress needs a yes, and there is no terminal to ask on, so nothing was done (declined)
    hint: give --yes; --dry-run shows what it would do
    [exit status: 1]
    ");
    assert_snapshot!(env.run("cluster uninstall --dry-run -o table --progress none").expect(DIFFERENCE), @r"
    ACTION   RESOURCE                              REASON
    delete   Deployment traefik/traefik            it was made for this cluster
    delete   PodDisruptionBudget traefik/traefik   it was made for this cluster
    delete   Service traefik/traefik               it was made for this cluster
    delete   ServiceAccount traefik/traefik        it was made for this cluster
    delete   IngressClass traefik                  it was made for this cluster
    delete   ClusterRoleBinding traefik-traefik    it was made for this cluster
    delete   ClusterRole traefik-traefik           it was made for this cluster
    delete   Namespace traefik                     it was made for this cluster
    [exit status: 3]
    ");
    assert_snapshot!(env.run("cluster uninstall --yes -o name --progress none").expect(DONE), @r"
    Deployment traefik/traefik
    PodDisruptionBudget traefik/traefik
    Service traefik/traefik
    ServiceAccount traefik/traefik
    IngressClass traefik
    ClusterRoleBinding traefik-traefik
    ClusterRole traefik-traefik
    Namespace traefik
    ------- stderr -------
    the ingress of cluster main is uninstalled: 8 deleted in [DURATION]
    [exit status: 0]
    ");
    assert_snapshot!(env.run("cluster uninstall --yes -o table --progress none").expect(DONE), @r"
    ------- stderr -------
    nothing of the ingress of cluster main is there: nothing to do
    [exit status: 0]
    ");
    let status = env.run("cluster status -o json").expect(DONE).json();
    assert_eq!(status["installed"], false);
}

#[test]
fn a_right_that_cannot_be_given_is_told_in_full_and_the_exit_code_says_so() {
    let env = open();
    let zone = format!(
        "/subscriptions/{}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com",
        env.connection().subscription_id
    );
    let settings = format!("  settings:\n    AZURE_AKS_DNS_ZONE_RESOURCE_IDS: {zone}\n");
    env.edit(CLUSTER, "  settings:\n", &settings);
    let told = env.run("cluster install -o json --progress none").expect(FAILED);
    let error = told.error();
    assert_eq!(error["kind"], "failed");
    assert!(
        told.stderr.contains("check AZURE_AKS_DNS_ZONE_RESOURCE_IDS"),
        "{told}"
    );
    let status = env.run("cluster status -o json").expect(DONE).json();
    assert_eq!(status["installed"], true, "everything else was done");

    let (group, _) = zone.split_once("/providers/").unwrap();
    for (id, location) in [(group, "japaneast"), (zone.as_str(), "global")] {
        let put = env.emulator().put_resource(id, json!({"location": location}));
        env.block_on(put).unwrap();
    }
    env.fault(FaultRule::new(
        "PUT",
        "**/roleAssignments/*",
        FaultAction::respond(403, "AuthorizationFailed", "The client may not do that."),
    ));
    assert_snapshot!(env.run("cluster install --progress none").expect(FAILED), @r"
    ------- stderr -------
    error: cannot install the ingress of cluster /ws/demo/prv/azure/cls/main (failed)
      caused by: one right could not be given; everything else is done
      in detail:
        dnsZones/example.com: AuthorizationFailed: the cluster identity [UUID-1............................] did not get DNS Zone Contributor: The client may not do that.
          correlation id: [UUID-2............................]
          hint: giving rights needs Microsoft.Authorization/roleAssignments/write there: Role Based Access Control Administrator or User Access Administrator; or ask who has it to make this assignment
    hint: do what the details say, then run it again; the next run goes on where this one stopped
    [exit status: 1]
    ");
    env.emulator().set_faults(FaultPlan::default()).unwrap();
    env.run("cluster install").assert_code(DONE);
}

#[test]
fn a_protected_ingress_is_neither_changed_nor_taken_off() {
    let env = open();
    env.run("cluster install -q").assert_code(DONE);
    env.edit(
        CLUSTER,
        "spec:\n",
        "spec:\n  protection:\n    installation: readOnly\n",
    );
    env.run("cluster install -q").assert_code(DONE);
    assert_snapshot!(env.run("cluster uninstall --yes --progress none").expect(FAILED), @"
    ------- stderr -------
    error: cluster /ws/demo/prv/azure/cls/main is protected: with protection.installation: readOnly nobody may take its ingress off (precondition)
    hint: set protection.installation of cluster main to none in the configuration, run it again, and set it back; no flag lifts it
    [exit status: 1]
    ");
    assert_snapshot!(env.run("cluster install --force --progress none").expect(FAILED), @"
    ------- stderr -------
    error: cluster /ws/demo/prv/azure/cls/main is protected: with protection.installation: readOnly nobody may change its ingress (precondition)
    hint: set protection.installation of cluster main to none in the configuration, run it again, and set it back; no flag lifts it
    [exit status: 1]
    ");
}
