//! What cannot be meant: usage errors, names that are not there, configurations that cannot be read.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{FAILED, USAGE};

use crate::{PROGRAM, members, shop};

/// Every command that is about one volume, with everything else it needs.
const ABOUT_A_VOLUME: [&str; 8] = [
    "disk list",
    "disk create -N x",
    "disk assign -N x",
    "disk delete -N x",
    "snapshot list",
    "snapshot create -N x",
    "snapshot delete -N x",
    "snapshot restore -N x",
];

/// Every command that reads the configuration.
const CONFIGURED: [&str; 13] = [
    "disk list",
    "disk create -V db",
    "disk create --bootstrap",
    "disk assign -V db -N x",
    "disk delete -V db -N x",
    "snapshot list",
    "snapshot create -V db",
    "snapshot delete -V db -N x",
    "snapshot restore -V db -N x",
    "check",
    "admin app list",
    "admin app get shop",
    "admin provider list",
];

#[test]
fn an_unknown_volume_is_answered_with_the_one_that_was_meant() {
    let env = shop();
    for command in ABOUT_A_VOLUME {
        let output = env.run(&format!("{command} -V upload")).expect(FAILED);
        assert_eq!(
            output.hint(),
            "did you mean uploads? volumes: db, uploads",
            "{output}"
        );
        assert_eq!(output.stdout, "");
    }
    assert_snapshot!(env.run("disk create -V upload -N x").expect(FAILED), @"
    ------- stderr -------
    error: app /ws/demo/prv/azure/cls/main/app/shop has no volume upload (notFound)
    hint: did you mean uploads? volumes: db, uploads
    [exit status: 1]
    ");
    // Nobody was asked.
    assert_eq!(env.emulator().requests().len(), 0);
}

#[test]
fn a_name_that_can_be_none_is_a_usage_error_that_says_what_names_are() {
    let env = shop();
    for command in ABOUT_A_VOLUME {
        env.run(&format!("{command} -V Not_A_Name")).assert_code(USAGE);
        if !command.ends_with("list") {
            let bad = command.replace("-N x", "-N Bad_Name");
            env.run(&format!("{bad} -V db")).assert_code(USAGE);
        }
    }
    assert_snapshot!(env.run("disk create -V db -N Bad_Name").expect(USAGE), @r#"
    ------- stderr -------
    error: invalid value 'Bad_Name' for '--name <DISK>': disk name "Bad_Name" is not valid: use a ULID (26 characters, upper case) or 1 to 24 lower-case letters, digits and '-', starting and ending with a letter or digit

    For more information, try '--help'.
    [exit status: 2]
    "#);
    assert_snapshot!(env.run("snapshot create -V Not_A_Name").expect(USAGE), @r#"
    ------- stderr -------
    error: invalid value 'Not_A_Name' for '--vol-name <VOLUME>': volume name "Not_A_Name" is not valid: use 1 to 16 lower-case letters, digits and '-', starting and ending with a letter or digit

    For more information, try '--help'.
    [exit status: 2]
    "#);
}

#[test]
fn what_is_missing_on_the_command_line_is_named() {
    let env = shop();
    assert_snapshot!(env.run("disk create").expect(USAGE), @"
    ------- stderr -------
    error: the following required arguments were not provided:
      --vol-name <VOLUME>

    Usage: kompoxops disk create --vol-name <VOLUME>

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(env.run("disk assign -V db").expect(USAGE), @"
    ------- stderr -------
    error: the following required arguments were not provided:
      --name <DISK>

    Usage: kompoxops disk assign --vol-name <VOLUME> --name <DISK>

    For more information, try '--help'.
    [exit status: 2]
    ");
    for command in ABOUT_A_VOLUME.iter().filter(|command| !command.ends_with("list")) {
        let output = env.run(command).expect(USAGE);
        assert!(output.stderr.contains("--vol-name <VOLUME>"), "{output}");
    }
    assert_snapshot!(env.run("disk create --bootstrap -V db").expect(USAGE), @"
    ------- stderr -------
    error: the argument '--bootstrap' cannot be used with '--vol-name <VOLUME>'

    Usage: kompoxops disk create --bootstrap

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn an_unknown_flag_or_command_is_a_usage_error_everywhere() {
    let env = shop();
    let others = ["init", "version", "completion bash", "quickstart", "emulator run"];
    for command in CONFIGURED.into_iter().chain(others) {
        let output = env.run(&format!("{command} --no-such-flag")).expect(USAGE);
        assert!(output.stderr.contains("--no-such-flag"), "{output}");
        assert_eq!(output.stdout, "");
    }
    assert_snapshot!(env.run("disk list --vol-nam db").expect(USAGE), @"
    ------- stderr -------
    error: unexpected argument '--vol-nam' found

      tip: a similar argument exists: '--vol-name'

    Usage: kompoxops disk list --vol-name <VOLUME>

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(env.run("disk lst").expect(USAGE), @"
    ------- stderr -------
    error: unrecognized subcommand 'lst'

      tip: a similar subcommand exists: 'list'

    Usage: kompoxops disk [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn values_of_flags_are_checked_before_anything_is_done() {
    let env = shop();
    assert_snapshot!(env.run("disk create -V db -O sku=x").expect(USAGE), @r#"
    ------- stderr -------
    error: invalid value 'sku=x' for '--options <JSON>': not JSON: expected value at line 1 column 1; use a JSON object such as {"sku":"PremiumV2_LRS","iops":3000}

    For more information, try '--help'.
    [exit status: 2]
    "#);
    assert_snapshot!(env.run("disk list --timeout 90").expect(USAGE), @"
    ------- stderr -------
    error: invalid value '90' for '--timeout <DURATION>': use a number with a unit, such as 90s, 5m or 1h30m

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(env.run("disk list -o xml").expect(USAGE), @"
    ------- stderr -------
    error: invalid value 'xml' for '--output <FORMAT>'
      [possible values: auto, table, json, yaml, name]

      tip: a similar value exists: 'yaml'

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(env.run("snapshot create -V db -S volume:x").expect(USAGE), @r#"
    ------- stderr -------
    error: invalid value 'volume:x' for '--source <SOURCE>': source prefix "volume" is not known; write disk:<name>, snapshot:<name> or a resource id

    For more information, try '--help'.
    [exit status: 2]
    "#);
    for line in [
        "disk list --progress loud",
        "disk list --color red",
        "disk list --log-level all",
        "disk list --log-format xml",
        "emulator run --port 70000",
        "emulator run --timing slow",
        "snapshot restore -V db -N x -O []",
    ] {
        env.run(line).assert_code(USAGE);
    }
    assert_eq!(env.emulator().requests().len(), 0);
}

#[test]
fn what_only_the_driver_knows_to_be_wrong_names_the_way_out() {
    let env = shop();
    assert_snapshot!(env.command("disk create -V db -N x -O").arg(r#"{"skuu":"x"}"#).run().expect(FAILED), @r#"
    ------- stderr -------
    error: cannot create disk x of volume db (invalidInput)
      caused by: option "skuu" is not known
    hint: did you mean sku?
    [exit status: 1]
    "#);
    assert_snapshot!(env.run("disk create -V db -N x -Z mars").expect(FAILED), @r#"
    ------- stderr -------
    error: cannot create disk x of volume db (invalidInput)
      caused by: zone "mars" is not valid: use a number such as 1, or <region>-1
    hint: correct what the message names; `kompoxops check` tells what is wrong with a configuration
    [exit status: 1]
    "#);
    assert_snapshot!(env.run("disk create -V db -N x -S before").expect(FAILED), @"
    ------- stderr -------
    error: cannot create disk x of volume db (notFound)
      caused by: volume db has no snapshot before
    hint: volume db has no snapshot at all
    [exit status: 1]
    ");
    assert_snapshot!(env.run("disk assign -V db -N x").expect(FAILED), @"
    ------- stderr -------
    error: cannot assign disk x of volume db (notFound)
      caused by: volume db has no disk x
    hint: volume db has no disk at all
    [exit status: 1]
    ");
}

#[test]
fn without_a_configuration_every_command_says_how_to_begin() {
    let env = TestEnvironment::empty(PROGRAM);
    for command in CONFIGURED {
        let output = env.run(command).expect(FAILED);
        assert!(output.hint().contains("kompoxops quickstart"), "{output}");
        assert_eq!(output.stdout, "");
    }
    assert_snapshot!(env.run("disk list").expect(FAILED), @"
    ------- stderr -------
    error: there is no configuration for [ROOT]/work (invalidInput)
    hint: begin with one of your own: kompoxops init; see the main job first: kompoxops quickstart; or name a configuration with --config; or KOM files with --kom-path
    [exit status: 1]
    ");
}

#[test]
fn broken_yaml_is_told_with_file_document_line_and_column() {
    let env = shop();
    env.write(".kompox/kom/app.yml", "a: 1\n---\nkind: App\n  name: [shop\n");
    for command in CONFIGURED {
        let output = env.run(command).expect(FAILED);
        assert!(output.stderr.contains("app.yml"), "{output}");
    }
    assert_snapshot!(env.run("check").expect(FAILED), @"
    ------- stderr -------
    error: the configuration has 2 errors (invalidInput)
      caused by:
        1: .kompox/kom/app.yml:1:1 (document 1): apiVersion is missing; a KOM document begins with apiVersion: ops.kompox.dev/v1alpha1
        2: .kompox/kom/app.yml:4:7 (document 2): this is not valid YAML: mapping values are not allowed in this context
    hint: correct these and run it again
    [exit status: 1]
    ");
}

#[test]
fn an_unknown_field_and_a_missing_parent_are_told_together() {
    let env = shop();
    env.edit(".kompox/kom/app.yml", "volumes:", "volume:");
    env.edit(".kompox/kom/cluster.yml", "cls/main", "cls/mian");
    assert_snapshot!(env.run("check").expect(FAILED), @r#"
    ------- stderr -------
    error: the configuration has 2 errors (invalidInput)
      caused by:
        1: .kompox/kom/app.yml:10:3 (document 1): unknown field "volume"; did you mean "volumes"?
        2: .kompox/kom/cluster.yml:4:9 (document 1): metadata.name is "main", but id /ws/demo/prv/azure/cls/mian ends in mian
    hint: correct these and run it again
    [exit status: 1]
    "#);
    let told = env.run("disk list -o json").expect(FAILED).error();
    assert_eq!(
        members(&told),
        [
            "causes",
            "code",
            "correlationId",
            "failures",
            "hint",
            "kind",
            "message",
            "outcome"
        ]
    );
    assert_eq!(told["kind"], "invalidInput");
}

#[test]
fn an_error_is_one_json_object_where_data_would_have_been_json_or_yaml() {
    let env = shop();
    assert_snapshot!(env.run("disk list -V nope -o json").expect(FAILED), @r#"
    ------- stderr -------
    {"error":{"kind":"notFound","outcome":"notDone","message":"cannot list the disks of volume nope","causes":["app /ws/demo/prv/azure/cls/main/app/shop has no volume nope"],"code":null,"correlationId":null,"hint":"volumes: db, uploads","failures":[]}}
    [exit status: 1]
    "#);
    let yaml = env.run("disk list -V nope -o yaml").expect(FAILED);
    assert_eq!(yaml.error()["kind"], "notFound");
    for format in ["table", "name", "auto"] {
        let text = env.run(&format!("disk list -V nope -o {format}")).expect(FAILED);
        assert!(text.stderr.starts_with("error: "), "{text}");
    }
}

#[test]
fn a_missing_secret_says_where_it_was_looked_for() {
    let env = shop();
    std::fs::remove_file(env.path(".kompox/secrets/client-secret")).unwrap();
    assert_snapshot!(env.run("disk list").expect(FAILED), @"
    ------- stderr -------
    error: cannot use provider /ws/demo/prv/azure (invalidInput)
      caused by:
        1: cannot read setting AZURE_CLIENT_SECRET
        2: file:[ROOT]/work/.kompox/kom/../secrets/client-secret does not exist
    hint: write the value to that file, for nobody else to read
    [exit status: 1]
    ");
    env.edit(
        ".kompox/kom/provider.yml",
        "file:../secrets/client-secret",
        "env:SHOP_SECRET",
    );
    assert_snapshot!(env.run("disk list").expect(FAILED), @"
    ------- stderr -------
    error: cannot use provider /ws/demo/prv/azure (invalidInput)
      caused by:
        1: cannot read setting AZURE_CLIENT_SECRET
        2: env:SHOP_SECRET is not set
    hint: set the environment variable SHOP_SECRET
    [exit status: 1]
    ");
    env.command("disk list")
        .env("SHOP_SECRET", env.connection().client_secret.clone())
        .run()
        .assert_code(kompoxops::exit_codes::DONE);
}

#[test]
fn a_usage_error_is_a_json_object_where_the_data_would_be_that_or_yaml() {
    let env = shop();
    assert_snapshot!(env.run("disk list -o json --vol-nam db").expect(USAGE), @r#"
    ------- stderr -------
    {"error":{"kind":"usage","outcome":"notDone","message":"unexpected argument '--vol-nam' found","causes":[],"code":null,"correlationId":null,"hint":"a similar argument exists: '--vol-name'; usage: kompoxops disk list --output <FORMAT> --vol-name <VOLUME>","failures":[]}}
    [exit status: 2]
    "#);
    for line in [
        "disk lst -o json",
        "disk delete --output=yaml -V db",
        "disk list -ojson --timeout soon",
        "disk list --nope -qo json",
    ] {
        let output = env.run(line).expect(USAGE);
        let told = output.error();
        assert_eq!(told["kind"], "usage", "{line}");
        assert!(!told["message"].as_str().unwrap().is_empty(), "{line}");
        assert_eq!((output.stdout.as_str(), output.stderr.lines().count()), ("", 1));
    }
}
