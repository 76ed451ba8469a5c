//! Which configuration and which app is meant: flags, variables, directories.

use insta::assert_snapshot;
use kompox_tests::binary::{Invocation, TestEnvironment};
use kompoxops::exit_codes::{DONE, FAILED};

use crate::{PROGRAM, shop};

const OTHER_APP: &str = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: App
metadata:
  name: blog
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure/cls/main/app/blog
spec:
  volumes:
    - name: posts
      size: 1Gi
  settings:
    AZURE_RESOURCE_GROUP_NAME: rg-blog
";

const OTHER_CLUSTER: &str = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: Cluster
metadata:
  name: spare
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure/cls/spare
---
apiVersion: ops.kompox.dev/v1alpha1
kind: App
metadata:
  name: shop
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure/cls/spare/app/shop
spec:
  volumes:
    - name: cache
      size: 1Gi
  settings:
    AZURE_RESOURCE_GROUP_NAME: rg-spare
";

fn rename(env: &TestEnvironment, from: &str, to: &str) {
    std::fs::rename(env.path(from), env.path(to)).unwrap();
}

/// The names of the apps that a command line sees.
fn apps(env: &TestEnvironment, flags: &str) -> String {
    env.run(&format!("admin app list -o name {flags}"))
        .expect(DONE)
        .stdout
}

#[test]
fn chdir_comes_before_anything_else() {
    let env = shop();
    std::fs::create_dir_all(env.path("deep/er")).unwrap();
    std::fs::create_dir(env.path("../aside")).unwrap();
    let from_aside = |flags: &str| {
        env.command(&format!("admin app list -o name {flags}"))
            .in_directory("../aside")
            .run()
    };
    assert_snapshot!(from_aside("").expect(FAILED), @"
    ------- stderr -------
    error: there is no configuration for [ROOT]/aside (invalidInput)
    hint: begin with one of your own: kompoxops init; see the main job first: kompoxops quickstart; or name a configuration with --config; or KOM files with --kom-path
    [exit status: 1]
    ");
    assert_eq!(from_aside("-C ../work").expect(DONE).stdout, "shop\n");
    // The nearest parent with .kompox counts.
    assert_eq!(
        from_aside("--chdir ../work/deep/er").expect(DONE).stdout,
        "shop\n"
    );
    assert_snapshot!(from_aside("-C nowhere").expect(FAILED), @"
    ------- stderr -------
    error: cannot change to directory nowhere (invalidInput)
      caused by: [OS ERROR]
    hint: give an existing directory to -C
    [exit status: 1]
    ");
}

#[test]
fn root_and_directory_are_named_by_flag_or_variable() {
    let env = shop();
    std::fs::create_dir(env.path("project")).unwrap();
    rename(&env, ".kompox", "project/.kompox");
    let with = |name: &str, value: &str| env.command("admin app list -o name").env(name, value).run();
    env.run("admin app list").assert_code(FAILED);
    assert_eq!(apps(&env, "--kompox-root project"), "shop\n");
    assert_eq!(with("KOMPOX_ROOT", "project").expect(DONE).stdout, "shop\n");
    rename(&env, "project/.kompox", "conf");
    assert_eq!(apps(&env, "--kompox-dir conf"), "shop\n");
    assert_eq!(with("KOMPOX_DIR", "conf").expect(DONE).stdout, "shop\n");
    assert_snapshot!(with("KOMPOX_DIR", "cnof").expect(FAILED), @"
    ------- stderr -------
    error: KOMPOX_DIR names [ROOT]/work/cnof, which is not a directory (invalidInput)
    hint: correct it and run it again
    [exit status: 1]
    ");
}

#[test]
fn kom_paths_and_the_app_file_are_named_by_flag_or_variable() {
    let env = shop();
    rename(&env, ".kompox/kom", "kom");
    rename(&env, "kom/app.yml", "shop.yml");
    env.write("blog.yml", OTHER_APP);
    let with = |names: &[(&str, &str)]| {
        let command = env.command("admin app list -o name");
        names
            .iter()
            .fold(command, |command, (name, value)| command.env(name, *value))
            .run()
            .expect(DONE)
            .stdout
    };
    assert_eq!(apps(&env, "--kom-path kom --kom-path blog.yml"), "blog\n");
    assert_eq!(apps(&env, "--kom-path kom --kom-app shop.yml"), "shop\n");
    let list = std::env::join_paths(["kom", "blog.yml"]).unwrap();
    assert_eq!(with(&[("KOMPOX_KOM_PATH", list.to_str().unwrap())]), "blog\n");
    assert_eq!(
        with(&[("KOMPOX_KOM_PATH", "kom"), ("KOMPOX_KOM_APP", "shop.yml")]),
        "shop\n"
    );
    // An app file with that name needs no flag.
    rename(&env, "shop.yml", "kompoxapp.yml");
    assert_eq!(apps(&env, "--kom-path kom"), "shop\n");
    assert_snapshot!(env.run("check --kom-path nowhere").expect(FAILED), @"
    ------- stderr -------
    error: --kom-path names nowhere, which does not exist (invalidInput)
    hint: correct it and run it again
    [exit status: 1]
    ");
}

#[test]
fn a_kompoxops_yml_does_what_kom_does() {
    let env = shop();
    let provider = env.read(".kompox/kom/provider.yml");
    let (_, settings) = provider.split_once("  settings:\n").unwrap();
    let settings = settings.replace("../secrets", ".kompox/secrets");
    env.write(
        "other.yml",
        &format!(
            "version: v1
workspace:
  name: demo
provider:
  name: azure
  driver: aks
  settings:
{settings}cluster:
  name: main
app:
  name: single
  volumes:
    - name: db
      size: 4Gi
  settings:
    AZURE_RESOURCE_GROUP_NAME: rg-single
"
        ),
    );
    assert_eq!(apps(&env, "--config other.yml"), "single\n");
    env.run("disk create -V db -N first -q --config other.yml")
        .assert_code(DONE);
    assert_eq!(
        env.run("disk list -o name --config other.yml")
            .expect(DONE)
            .stdout,
        "first\n"
    );
    // In the current directory it needs no flag, but not beside KOM.
    rename(&env, "other.yml", "kompoxops.yml");
    assert_snapshot!(env.run("check").expect(FAILED), @"
    ------- stderr -------
    error: there are two configurations, kompoxops.yml and KOM in .kompox/kom/app.yml (invalidInput)
    hint: say that the first is meant with --config kompoxops.yml; or the other with --kom-path .kompox/kom/app.yml
    [exit status: 1]
    ");
    rename(&env, ".kompox/kom", ".kompox/away");
    assert_eq!(env.run("disk list -o name").expect(DONE).stdout, "first\n");
    assert_snapshot!(env.run("check --config kompoxops.yml --kom-path x").expect(FAILED), @"
    ------- stderr -------
    error: --config names a kompoxops.yml, --kom-path and --kom-app name KOM files (invalidInput)
    hint: give one of them
    [exit status: 1]
    ");
}

#[test]
fn the_target_is_chosen_by_id_or_name() {
    let env = shop();
    env.write(".kompox/kom/blog.yml", OTHER_APP);
    env.write(".kompox/kom/spare.yml", OTHER_CLUSTER);
    let volumes = |flags: &str| {
        let made = env
            .run(&format!("disk create --bootstrap -q {flags}"))
            .expect(DONE);
        let made = made.json();
        let names = made.as_array().unwrap().iter();
        names
            .map(|outcome| outcome["volumeName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_snapshot!(env.run("disk list").expect(FAILED), @"
    ------- stderr -------
    error: there are 3 apps: say which (invalidInput)
    hint: name one with --app-id; apps: /ws/demo/prv/azure/cls/main/app/shop, /ws/demo/prv/azure/cls/main/app/blog, /ws/demo/prv/azure/cls/spare/app/shop
    [exit status: 1]
    ");
    assert_eq!(volumes("-A /ws/demo/prv/azure/cls/main/app/shop"), "db,uploads");
    assert_eq!(volumes("--app-name blog"), "posts");
    assert_snapshot!(env.run("disk list --app-name shop").expect(FAILED), @r#"
    ------- stderr -------
    error: there are 2 apps called "shop": say which (invalidInput)
    hint: name one with --app-id; apps: /ws/demo/prv/azure/cls/main/app/shop, /ws/demo/prv/azure/cls/spare/app/shop
    [exit status: 1]
    "#);
    assert_eq!(volumes("--app-name shop --cluster-name main"), "db,uploads");
    assert_eq!(volumes("--cluster-id /ws/demo/prv/azure/cls/spare"), "cache");
    assert_eq!(volumes("--cluster-name spare"), "cache");
    assert_snapshot!(env.run("disk list --app-name blgo").expect(FAILED), @r#"
    ------- stderr -------
    error: the configuration has no app called "blgo" (notFound)
    hint: did you mean blog? apps: shop, blog, shop
    [exit status: 1]
    "#);
    assert_snapshot!(env.run("snapshot list --cluster-name man").expect(FAILED), @r#"
    ------- stderr -------
    error: the configuration has no cluster called "man" (notFound)
    hint: did you mean main? clusters: main, spare
    [exit status: 1]
    "#);
    assert_snapshot!(env.run("disk list -A shop").expect(FAILED), @r#"
    ------- stderr -------
    error: id "shop" is not of the form /ws/<workspace>[/prv/<provider>[/cls/<cluster>[/app/<app>]]] (invalidInput)
    hint: apps: /ws/demo/prv/azure/cls/main/app/shop, /ws/demo/prv/azure/cls/main/app/blog, /ws/demo/prv/azure/cls/spare/app/shop
    [exit status: 1]
    "#);
}

#[test]
fn what_holds_nothing_is_named_as_it_was_asked_for() {
    let env = TestEnvironment::empty(PROGRAM);
    env.run("init -q").assert_code(DONE);
    for directory in ["other/.kompox/kom", "empty"] {
        std::fs::create_dir_all(env.path(directory)).unwrap();
    }
    let told = |command: Invocation<'_>| {
        let output = command.run().expect(FAILED);
        assert!(output.stderr.contains("there is no KOM document in "), "{output}");
        output.to_string().lines().nth(1).unwrap().to_owned()
    };
    let with = |flags: &str| told(env.command(&format!("check {flags}")));
    let variable = |name: &str, value: &str| told(env.command("check").env(name, value));
    assert_snapshot!(with(""), @"error: there is no KOM document in [ROOT]/work/.kompox/kom yet (invalidInput)");
    assert_snapshot!(with("--kom-path empty"), @"error: there is no KOM document in [ROOT]/work/empty (from --kom-path) yet (invalidInput)");
    assert_snapshot!(variable("KOMPOX_KOM_PATH", "empty"), @"error: there is no KOM document in [ROOT]/work/empty (from KOMPOX_KOM_PATH) yet (invalidInput)");
    assert_snapshot!(with("--kompox-root other"), @"error: there is no KOM document in [ROOT]/work/other/.kompox/kom (from --kompox-root) yet (invalidInput)");
    assert_snapshot!(variable("KOMPOX_ROOT", "other"), @"error: there is no KOM document in [ROOT]/work/other/.kompox/kom (from KOMPOX_ROOT) yet (invalidInput)");
    assert_snapshot!(variable("KOMPOX_DIR", "other/.kompox"), @"error: there is no KOM document in [ROOT]/work/other/.kompox/kom (from KOMPOX_DIR) yet (invalidInput)");
    env.write(".kompox/config.yml", "version: 1\nkomPath: [../empty]\n");
    assert_snapshot!(with(""), @"error: there is no KOM document in [ROOT]/work/.kompox/../empty (from komPath) yet (invalidInput)");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error_that_names_it() {
    use std::os::unix::ffi::OsStringExt as _;

    let env = shop();
    let strange = || std::ffi::OsString::from_vec(b"x\xff".to_vec());
    for name in ["KOMPOX_ROOT", "KOMPOX_DIR", "KOMPOX_KOM_PATH", "KOMPOX_KOM_APP"] {
        let output = env
            .command("check -o json")
            .env(name, strange())
            .run()
            .expect(FAILED);
        let told = output.error();
        assert_eq!(told["kind"], "invalidInput");
        assert!(told["message"].as_str().unwrap().contains(name), "{told}");
    }
    for name in ["KOMPOX_ROOT", "KOMPOX_DIR"] {
        let output = env.command("init -f").env(name, strange()).run().expect(FAILED);
        assert!(output.stderr.contains(name), "{output}");
    }
    // One that a flag overrides is not read.
    let flag = env.command("check -q --kompox-root .");
    flag.env("KOMPOX_ROOT", strange()).run().assert_code(DONE);
}

#[cfg(unix)]
#[test]
fn a_configuration_that_everybody_may_write_is_refused_until_it_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let env = shop();
    std::fs::set_permissions(env.path(".kompox"), std::fs::Permissions::from_mode(0o777)).unwrap();
    assert_snapshot!(env.run("disk list").expect(FAILED), @"
    ------- stderr -------
    error: .kompox was found, not named, and it may be written by everybody (invalidInput)
    hint: keep others from it: chmod o-w .kompox; if you trust it, name it with --kompox-dir .kompox
    [exit status: 1]
    ");
    env.run("disk list --kompox-dir .kompox").assert_code(DONE);
    let named = env.command("disk list").env("KOMPOX_DIR", ".kompox").run();
    named.assert_code(DONE);
}
