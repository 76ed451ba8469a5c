//! On a terminal: questions, tables, and `--yes`.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED, INTERRUPTED};

use crate::shop;

/// What the screen shows, and whether the exit code is this one.
fn shown(env: &TestEnvironment, line: &str, answer: Option<&str>, code: u8) -> String {
    let mut terminal = env.command(line).spawn_on_terminal();
    if let Some(answer) = answer {
        terminal.wait_for("[y/N] ");
        terminal.type_line(answer);
    }
    let (screen, exit) = terminal.wait();
    assert_eq!(exit, Some(i32::from(code)), "{screen}");
    screen
}

#[test]
fn a_deletion_asks_first_and_yes_is_the_answer_in_advance() {
    let env = shop();
    for name in ["a", "b", "c"] {
        env.run(&format!("disk create -V db -N {name} -q"))
            .assert_code(DONE);
    }
    env.run("snapshot create -V db -N x -q").assert_code(DONE);
    let line = "disk delete -V db -N b --progress none";
    assert_snapshot!(shown(&env, line, Some("n"), FAILED), @"
    Delete disk b of volume db? [y/N] n
    error: the deletion was not confirmed, so nothing was done (declined)
    hint: answer y, or give --yes
    ");
    // Anything but yes is a no.
    shown(&env, line, Some(""), FAILED);
    assert_snapshot!(shown(&env, line, Some("y"), DONE), @"
    Delete disk b of volume db? [y/N] y
    disk b of volume db is deleted
    ");
    assert_snapshot!(shown(&env, "disk delete -V db -N c --yes --progress none", None, DONE), @"disk c of volume db is deleted");
    assert_snapshot!(shown(&env, "snapshot delete -V db -N x -y --progress none", None, DONE), @"snapshot x of volume db is deleted");
    assert_eq!(env.run("disk list -o name").expect(DONE).stdout, "a\n");
}

#[test]
fn a_deletion_of_what_is_not_there_asks_nothing_and_says_so() {
    let env = shop();
    env.run("disk create -V db -N a -q").assert_code(DONE);
    for kind in ["disk", "snapshot"] {
        let line = format!("{kind} delete -V db -N nope --progress none");
        let screen = shown(&env, &line, None, DONE);
        assert_eq!(
            screen.trim_end(),
            format!("{kind} nope of volume db was not there")
        );
        let json = env.run(&format!("{kind} delete -V db -N nope -o json -q"));
        let json = json.expect(DONE).stdout.clone();
        assert!(json.contains("\"deleted\": false"), "{json}");
    }
    let json = env.run("disk delete -V db -N a --force -o json -q");
    let json = json.expect(DONE).stdout.clone();
    assert!(json.contains("\"deleted\": true"), "{json}");
}

#[test]
fn a_deletion_of_what_somebody_else_has_under_that_name_says_so_and_touches_nothing() {
    let env = shop();
    env.run("disk create -V db -N a -q").assert_code(DONE);
    let handle = env.run("disk list").expect(DONE).json()[0]["handle"].clone();
    let disk = handle.as_str().unwrap().strip_suffix("-a").unwrap();
    for (kind, of) in [("disk", "/disks/"), ("snapshot", "/snapshots/")] {
        let id = format!("{}-taken", disk.replace("/disks/", of));
        let body = serde_json::json!({ "location": "japaneast", "properties": {
            "creationData": { "createOption": "Empty" }, "diskSizeGB": 4, "provisioningState": "Succeeded" } });
        env.block_on(env.emulator().put_resource(&id, body)).unwrap();
        let line = format!("{kind} delete -V db -N taken --progress none");
        let screen = shown(&env, &line, None, FAILED);
        assert!(
            screen.contains("exists and carries no tags of this volume"),
            "{screen}"
        );
        assert!(
            !screen.contains("was not there") && !screen.contains("[y/N]"),
            "{screen}"
        );
        // The same as without a terminal.
        let told = env.run(&format!("{line} --yes")).expect(FAILED);
        assert!(
            told.stderr.contains("exists and carries no tags of this volume"),
            "{told}"
        );
        assert!(env.block_on(env.emulator().resource(&id)).is_some());
    }
}

#[test]
fn data_is_a_table_and_a_question_does_not_end_in_the_data() {
    let env = shop();
    env.run("disk create -V db -N a -q").assert_code(DONE);
    assert_snapshot!(shown(&env, "disk list --progress none", None, DONE), @"
    NAME   VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                            STATE        ATTACHED-TO   AGE
    a      db       yes        4Gi    1      iops=120,mbps=25,sku=Premium_LRS   Unattached   -             [AGE]
    ");
    assert_snapshot!(shown(&env, "snapshot list --progress none", None, DONE), @"app shop has no snapshots; `kompoxops snapshot create -V <volume>` takes one");
    let json = shown(&env, "disk list -o json -q", None, DONE);
    assert!(json.starts_with("[\n  {\n"), "{json}");
}

#[test]
fn colours_are_used_unless_no_color_is_set() {
    let env = shop();
    let coloured = |no_color: bool, flags: &str| {
        let mut command = env.command(&format!("disk list -V nope {flags}"));
        if !no_color {
            command = command.without_env("NO_COLOR");
        }
        let (screen, _) = command.spawn_on_terminal().wait();
        assert!(screen.contains("has no volume nope"), "{screen}");
        screen.contains("\u{1b}[31m") || screen.contains("\u{1b}[1m")
    };
    assert!(coloured(false, ""));
    assert!(!coloured(true, ""));
    assert!(!coloured(false, "--color never"));
    assert!(coloured(true, "--color always"));
}

#[test]
fn the_progress_of_a_terminal_leaves_nothing_on_the_screen_but_the_data() {
    let env = shop();
    let screen = shown(&env, "disk create -V db -N a -o name", None, DONE);
    assert!(screen.ends_with("a\n"), "{screen:?}");
    assert!(!screen.contains(": started"), "{screen:?}");
}

#[test]
fn a_deletion_asks_on_the_terminal_also_when_standard_error_goes_elsewhere() {
    let env = shop();
    for name in ["a", "b"] {
        env.run(&format!("disk create -V db -N {name} -q"))
            .assert_code(DONE);
    }
    let answered = |answer: &str, code: u8| {
        let log = std::fs::File::create(env.path("log")).unwrap();
        let line = "disk delete -V db -N b --progress none";
        let mut terminal = env.command(line).spawn_on_terminal_with_stderr(log.into());
        terminal.wait_for("Delete disk b of volume db? [y/N] ");
        terminal.type_line(answer);
        let (screen, exit) = terminal.wait();
        assert_eq!(exit, Some(i32::from(code)), "{screen}");
        env.read("log")
    };
    assert!(answered("n", FAILED).contains("(declined)\nhint: answer y, or give --yes"));
    assert!(env.run("disk list -o name").expect(DONE).stdout.contains("b\n"));
    assert_eq!(answered("y", DONE), "disk b of volume db is deleted\n");
}

#[test]
fn a_volume_that_is_not_there_is_told_in_place_of_a_question() {
    let env = shop();
    for noun in ["disk", "snapshot"] {
        let line = format!("{noun} delete -V nope -N x --progress none");
        let screen = shown(&env, &line, None, FAILED);
        assert!(screen.contains("has no volume nope"), "{screen}");
        assert!(!screen.contains("[y/N]"), "{screen}");
    }
}

#[test]
fn before_a_cluster_goes_all_of_it_is_shown_and_counted_in_the_question() {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    let line = "cluster deprovision --progress none";
    let screen = shown(&env, line, Some("n"), FAILED);
    let rows = screen
        .lines()
        .filter(|line| line.starts_with("delete   "))
        .count();
    assert!(rows > 10, "{screen}");
    let question = format!("Delete {rows} resources of cluster main? This cannot be undone. [y/N] n");
    assert!(screen.contains(&question), "{screen}");
    assert!(
        screen.contains(&format!(
            "deleting {rows} resources of cluster main was not confirmed"
        )),
        "{screen}"
    );

    let screen = shown(&env, line, Some("y"), DONE);
    assert!(screen.contains("cluster main is deprovisioned: "), "{screen}");
    // Nothing is left, so nobody is asked.
    let screen = shown(&env, line, None, DONE);
    assert_eq!(screen, "nothing of cluster main is there: nothing to do\n");
}

#[test]
fn ctrl_c_at_a_question_ends_at_once_and_nothing_is_done() {
    let env = shop();
    env.run("disk create -V db -N a -q").assert_code(DONE);
    let mut terminal = env
        .command("disk delete -V db -N a --force --progress none")
        .spawn_on_terminal();
    terminal.wait_for("[y/N] ");
    terminal.signal("INT");
    let (screen, exit) = terminal.wait();
    assert_eq!(exit, Some(i32::from(INTERRUPTED)), "{screen}");
    assert_eq!(env.run("disk list -o name").expect(DONE).stdout, "a\n");
}
