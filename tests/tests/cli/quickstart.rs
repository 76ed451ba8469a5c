//! `quickstart`: the main job in a directory that can be used further.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};

use crate::PROGRAM;

#[test]
fn the_main_job_is_done_twice_and_goes_on_with_the_commands_it_prints() {
    let env = TestEnvironment::empty(PROGRAM);
    let first = env
        .run("quickstart demo --timing zero --progress none")
        .expect(DONE);
    // Without the tables: volumes are bootstrapped side by side, so which disk is newer differs.
    let text = first.to_string();
    let (before, last) = text.split_once("$ kompoxops volume manifest -V db\n").unwrap();
    let (manifest, after) = last.split_once("\n  A volume and its claim").unwrap();
    assert_eq!(manifest.matches("ops.kompox.dev/disk: restored-1\n").count(), 2);
    let text = format!("{before}$ kompoxops volume manifest -V db\n  A volume and its claim{after}");
    let steps = text
        .lines()
        .filter(|line| line.starts_with(['$', '[', ' ']) && !line.starts_with("[ULID"));
    let (introduction, _) = text.split_once("\n\n").unwrap();
    assert_snapshot!(introduction, @r"
    The main job of kompoxops, in demo: a cluster for a shop, and disks and snapshots of its volumes, in an Azure that runs inside this program.
    Everything below is an ordinary command; `$` marks what you would type.
    `kompoxops` stands for [PROGRAM] here.
    ");
    let steps: Vec<&str> = steps.collect();
    assert_snapshot!(steps.join("\n"), @r"
    [1/17] Check the configuration, without a request
    $ kompoxops check -o table
      A finding would name the document and say what to do.
    [2/17] Ask the cloud what would keep the cluster from being made
    $ kompoxops check --online -o table
      Nothing is written. Each check that fails would say what to do about it.
    [3/17] See what would be made
    $ kompoxops cluster provision --dry-run -o table
      The plan. Exit code 3 tells scripts that there is something to do.
    [4/17] Make the cluster and all it needs
    $ kompoxops cluster provision -o table
      One Deployment Stack holds all of it. Running it again changes nothing.
    [5/17] Make it ready for apps
    $ kompoxops cluster install -o table
      The ingress answers and has an address. Running it again changes nothing.
    [6/17] See how it stands
    $ kompoxops cluster status -o table
      The ingress's address is there. What cannot be told is unknown, and a condition says why.
    [7/17] Get a kubeconfig
    $ kompoxops cluster kubeconfig --merge --kubeconfig .kompox/secrets/kubeconfig --set-current
      A file of this directory: yours in your home is not touched.
    [8/17] Give every volume its first disk
    $ kompoxops disk create --bootstrap -o table
      One disk for each volume, and it is assigned. Running it again changes nothing.
    [9/17] List the disks
    $ kompoxops disk list -o table
      ASSIGNED tells which disk of a volume is in use. With -o json the same is for scripts.
    [10/17] Make another disk of the same volume
    $ kompoxops disk create -V db -N blue-1 -o table
      It is not assigned: the first one stays in use until you say otherwise.
    [11/17] Switch the volume to it
    $ kompoxops disk assign -V db -N blue-1 -o table
      ASSIGNED is yes. At no moment were there two, or none, and the old disk is kept.
    [12/17] Take a snapshot of the assigned disk
    $ kompoxops snapshot create -V db -N before-1 -o table
      The command returns when the snapshot can be used: COMPLETE is 100%.
    [13/17] List the snapshots
    $ kompoxops snapshot list -V db -o table
      SOURCE-DISK is the disk it was taken from.
    [14/17] Go back to the snapshot
    $ kompoxops snapshot restore -V db -N before-1 --disk-name restored-1 --assign -o table
      A new disk with the data of the snapshot, assigned; the one before is kept.
    [15/17] Try to delete the disk that is in use, which must fail
    $ kompoxops disk delete -V db -N restored-1 --yes
      Refused, with exit code 1 and what to do about it: data in use is not lost by a slip.
    [16/17] See what there is now
    $ kompoxops disk list -o table
      Every volume has one assigned disk, and nothing was thrown away.
    [17/17] Print what mounts the restored disk
    $ kompoxops volume manifest -V db
      A volume and its claim, which pods name. kubectl applies them, or the same command with --apply.
        alias kompoxops=[PROGRAM]
        cd demo
        kompoxops emulator run --state .azure
        alias kompoxops=[PROGRAM]
        cd demo
        kompoxops cluster status
        kubectl --kubeconfig .kompox/secrets/kubeconfig get namespaces
        kompoxops disk list
        kompoxops snapshot create -V uploads
        kompoxops snapshot restore -V uploads -N <the name it printed>
        kompoxops admin app get shop
        kompoxops --help
      caused by: disk restored-1 is the assigned one of volume db
    [exit status: 0]
    ");
    let (_, volumes) = first
        .stdout
        .split_once("Give every volume its first disk")
        .unwrap();
    assert_eq!(volumes.matches("   yes   ").count(), 8, "{first}");
    assert!(
        env.read("demo/.kompox/secrets/kubeconfig")
            .contains("current-context")
    );
    assert!(
        !env.home().join(".kube").exists(),
        "the user's own kubeconfig is not touched"
    );
    let second = env.run("quickstart demo --timing zero -q").expect(DONE);
    assert!(
        second
            .stdout
            .contains("\n$ kompoxops cluster provision -o table\n  One Deployment Stack"),
        "{second}"
    );
    for name in ["blue-2", "before-2", "restored-2", "blue-1"] {
        assert!(second.stdout.contains(name), "{name}: {second}");
    }
    let secret = env.read("demo/.kompox/secrets/azure-client-secret");
    assert!(secret.len() > 20);
    for text in [
        first.everything(),
        second.everything(),
        env.read("demo/.kompox/kom/provider.yml"),
        env.read("demo/.kompox/logs/emulator.log"),
    ] {
        assert!(!text.contains(&secret), "{text}");
    }

    let (_, afterwards) = second.stdout.split_once("\nThat was it.").unwrap();
    let (start, others) = afterwards.split_once("in another terminal").unwrap();
    let commands = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("    kompoxops "));
        lines.map(ToOwned::to_owned).collect()
    };
    let [run] = commands(start).try_into().unwrap();
    let mut azure = env
        .command(&format!("{run} -o json --until-stdin-closes"))
        .in_directory("demo")
        .spawn_with_stdin();
    azure.wait_for_stdout("armEndpoint");
    let others = commands(others);
    assert!(others.len() >= 4, "{others:?}");
    let mut printed = String::new();
    for line in others {
        let line = line.replace("<the name it printed>", &printed);
        let format = if line.starts_with('-') { "" } else { "-o json" };
        let output = env
            .command(&format!("{line} {format}"))
            .in_directory("demo")
            .run()
            .expect(DONE);
        if line.starts_with("snapshot create") {
            printed = output.json()["name"].as_str().unwrap().to_owned();
        }
    }
    azure.close_stdin();
    azure.wait().assert_code(DONE);

    // Once it names another Azure the directory is not touched any more.
    let provider = env.read("demo/.kompox/kom/provider.yml");
    let endpoint = provider
        .lines()
        .find_map(|line| line.trim().strip_prefix("AZURE_RESOURCE_MANAGER_ENDPOINT: "))
        .unwrap();
    env.edit(
        "demo/.kompox/kom/provider.yml",
        endpoint,
        "https://management.azure.com",
    );
    assert_snapshot!(env.run("quickstart demo --timing zero").expect(FAILED), @"
    ------- stderr -------
    error: demo/.kompox/kom/provider.yml does not name the embedded Azure any more, and a quick start must not touch another (precondition)
    hint: name a new directory: kompoxops quickstart DIR
    [exit status: 1]
    ");
}

#[test]
fn a_directory_that_is_somebody_elses_is_left_alone() {
    let env = TestEnvironment::empty(PROGRAM);
    env.write("mine/notes.txt", "keep");
    assert_snapshot!(env.run("quickstart mine --timing zero").expect(FAILED), @"
    ------- stderr -------
    error: mine is not empty and was not made by a quick start (invalidInput)
    hint: name a new directory: kompoxops quickstart DIR
    [exit status: 1]
    ");
    assert_eq!(std::fs::read_dir(env.path("mine")).unwrap().count(), 1);
    assert_snapshot!(env.run("quickstart new --config x.yml").expect(FAILED), @"
    ------- stderr -------
    error: quickstart makes its own configuration and cannot use --config (invalidInput)
    hint: leave it out; say where with: kompoxops quickstart DIR
    [exit status: 1]
    ");
    assert!(!env.path("new").exists());
}

#[test]
fn a_port_that_is_taken_meanwhile_is_told_without_a_flag_that_is_not_there() {
    let env = TestEnvironment::empty(PROGRAM);
    let line = "quickstart demo --timing zero --progress none";
    env.run(line).assert_code(DONE);
    let provider = env.read("demo/.kompox/kom/provider.yml");
    let (_, rest) = provider.split_once("https://127.0.0.1:").unwrap();
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).unwrap();
    let output = env.run(line).expect(FAILED);
    assert_eq!(
        output.hint(),
        "stop what uses it, or name a new directory: kompoxops quickstart DIR"
    );
}

// Other systems have no such names, or refuse to make them.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_utf_8_is_refused_before_anything_is_written() {
    use std::os::unix::ffi::OsStrExt as _;

    let env = TestEnvironment::empty(PROGRAM);
    let name = std::ffi::OsStr::from_bytes(b"x\xff");
    for line in ["quickstart", "emulator run --timeout 1s --state"] {
        let output = env.command(line).arg(name).run().expect(FAILED);
        assert!(output.stderr.contains("is not UTF-8 (invalidInput)"), "{output}");
    }
    assert_eq!(std::fs::read_dir(env.work()).unwrap().count(), 0);
}

/// Ends a quick start by a signal while a command of it is at work, and demands that nothing of it is left: neither
/// the command, which would hold the output open, nor the embedded Azure, which would hold the state.
#[cfg(unix)]
fn leaves_no_child_at_work(signal: &str) {
    use std::time::{Duration, Instant};

    let env = TestEnvironment::empty(PROGRAM);
    let mut tour = env
        .command("quickstart demo --timing realistic --progress plain")
        .spawn();
    tour.wait_for_stdout("$ kompoxops cluster provision -o table");
    tour.wait_for_stderr("deploy deployment stack");
    tour.signal(signal);
    let killed = Instant::now();
    // Ends only when nobody holds its standard output and standard error any more.
    let output = tour.wait();
    assert!(!output.stdout.contains("Make it ready for apps"), "{output}");
    assert!(
        killed.elapsed() < Duration::from_secs(10),
        "{:?}",
        killed.elapsed()
    );
    let free = || {
        let again = env
            .command("emulator run --state .azure --timeout 1ms")
            .in_directory("demo")
            .run();
        again.code() == Some(i32::from(DONE))
    };
    while !free() {
        assert!(
            killed.elapsed() < Duration::from_secs(30),
            "the embedded Azure is still at work"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(unix)]
#[test]
fn a_quick_start_that_is_killed_leaves_no_child_at_work() {
    leaves_no_child_at_work("KILL");
}

#[cfg(unix)]
#[test]
fn a_quick_start_whose_terminal_is_closed_leaves_no_child_at_work() {
    leaves_no_child_at_work("HUP");
}
