//! `cluster`: a whole environment, brought up, looked at and taken down again.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED, USAGE};

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
