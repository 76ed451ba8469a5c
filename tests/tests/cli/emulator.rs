//! `emulator run`: the embedded Azure as a process of its own.

use insta::assert_snapshot;
use kompox_tests::binary::{CA_FILE, Running, TestEnvironment};
use kompoxops::exit_codes::{DONE, FAILED};
use serde_json::Value;

use crate::{PROGRAM, members, shop};

fn nothing() -> TestEnvironment {
    TestEnvironment::empty(PROGRAM)
}

fn ready(running: &mut Running) -> Value {
    serde_json::from_str(&running.wait_for_stdout("armEndpoint")).unwrap()
}

#[test]
fn the_line_that_says_it_is_ready_has_all_that_a_provider_needs() {
    let env = nothing();
    let mut running = env
        .command("emulator run --until-stdin-closes")
        .spawn_with_stdin();
    let ready = ready(&mut running);
    assert_eq!(
        members(&ready),
        [
            "armEndpoint",
            "authorityHost",
            "caFile",
            "clientId",
            "clientSecret",
            "settings",
            "subscriptionId",
            "tenantId",
        ]
    );
    assert_eq!(
        ready["settings"]["AZURE_SUBSCRIPTION_ID"],
        ready["subscriptionId"]
    );
    assert_eq!(ready["settings"]["AZURE_CA_FILE"], ready["caFile"]);
    running.close_stdin();
    let output = running.wait().expect(DONE);
    assert_eq!((output.stdout.lines().count(), output.stderr.as_str()), (1, ""));
}

#[cfg(unix)]
#[test]
fn it_stops_when_asked_to_and_begins_again_where_it_was() {
    let env = nothing();
    let start = || {
        let mut running = env
            .command("emulator run --state .azure --timing zero -o json")
            .spawn();
        let ready = ready(&mut running);
        (running, ready)
    };
    let (running, first) = start();
    running.signal("TERM");
    assert_eq!(running.wait().expect(DONE).stderr, "");
    let (running, second) = start();
    assert_eq!(first, second);
    running.signal("INT");
    assert_eq!(running.wait().expect(DONE).stderr, "");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(env.path(".azure"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0);
}

#[test]
fn it_ends_with_the_timeout_and_announces_itself_in_every_format() {
    let env = nothing();
    let name = env.run("emulator run --timeout 100ms -o name").expect(DONE);
    assert!(name.stdout.starts_with("https://127.0.0.1:"), "{name}");
    let yaml = env.run("emulator run --timeout 100ms -o yaml").expect(DONE);
    assert!(yaml.stdout.contains("armEndpoint: https://127.0.0.1:"), "{yaml}");
    let table = env.run("emulator run --timeout 100ms -o table").expect(DONE);
    assert!(table.stdout.contains("    AZURE_CLOUD: Custom\n"), "{table}");
    assert!(table.stderr.contains("stop it with Ctrl-C"), "{table}");
    // Without a state directory nothing is left behind.
    assert_eq!(std::fs::read_dir(env.path("../tmp")).unwrap().count(), 0);
}

#[test]
fn a_state_or_port_in_use_is_a_conflict_that_says_what_to_do() {
    let env = nothing();
    let mut running = env
        .command("emulator run --state .azure --until-stdin-closes -o name")
        .spawn_with_stdin();
    let endpoint = running.wait_for_stdout("https://");
    assert_snapshot!(env.run("emulator run --state .azure").expect(FAILED), @"
    ------- stderr -------
    error: cannot run the embedded Azure (conflict)
      caused by: another emulator is using the state directory [ROOT]/work/.azure
    hint: stop the other one, or use another directory
    [exit status: 1]
    ");
    let port = endpoint.trim().rsplit(':').next().unwrap();
    let taken = env
        .run(&format!("emulator run --port {port} -o json"))
        .expect(FAILED);
    assert_eq!(taken.error()["kind"], "conflict");
    assert!(
        taken.error()["hint"].as_str().unwrap().contains("--port"),
        "{taken}"
    );
    running.close_stdin();
    running.wait().assert_code(DONE);
}

#[test]
fn a_fault_plan_is_read_from_a_file() {
    let env = nothing();
    env.write("faults.json", "{\"rules\":[{\"action\":\"explode\"}]}");
    assert_snapshot!(env.run("emulator run --faults faults.json").expect(FAILED), @r#"
    ------- stderr -------
    error: --faults faults.json is no fault plan (invalidInput)
      caused by: unknown variant `explode`, expected one of `respond`, `delay`, `resetBefore`, `resetAfter`, `truncateBody`, `malformedBody`, `emptyBody`, `corrupt`, `hang`, `replicationLag`, `operation`, `race` at line 1 column 29
    hint: give a JSON file such as {"rules":[{"method":"PUT","path":"**/disks/*","count":1,"action":"resetAfter"}]}
    [exit status: 1]
    "#);
    assert_snapshot!(env.run("emulator run --faults nowhere.json").expect(FAILED), @r#"
    ------- stderr -------
    error: --faults nowhere.json does not exist (invalidInput)
    hint: give a JSON file such as {"rules":[{"method":"PUT","path":"**/disks/*","count":1,"action":"resetAfter"}]}
    [exit status: 1]
    "#);
}

#[test]
fn commands_use_it_and_its_faults_and_latency_are_felt() {
    let env = shop();
    let plan = r#"{"rules":[{"method":"PUT","path":"**/disks/second-*","action":{"respond":{"status":409,"code":"Planned","message":"As planned."}}},
                            {"method":"PUT","path":"**/disks/*-second","action":{"respond":{"status":409,"code":"Planned","message":"As planned."}}}]}"#;
    env.write("faults.json", plan);
    let mut running = env
        .command("emulator run --state .azure --timing zero --latency 20 --faults faults.json --until-stdin-closes")
        .spawn_with_stdin();
    let ready = ready(&mut running);
    let mut provider = env.read(".kompox/kom/provider.yml");
    let mut inside = env.connection().settings();
    inside.insert(
        "AZURE_CA_FILE".to_owned(),
        env.path(CA_FILE).display().to_string(),
    );
    for (key, value) in ready["settings"].as_object().unwrap() {
        let before = &inside[key];
        if key != "AZURE_LOCATION" && key != "AZURE_AUTH_METHOD" && key != "AZURE_CLOUD" {
            provider = provider.replace(before.as_str(), value.as_str().unwrap());
        }
    }
    env.write(".kompox/kom/provider.yml", &provider);
    env.write(
        ".kompox/secrets/client-secret",
        ready["clientSecret"].as_str().unwrap(),
    );
    env.run("disk create -V db -N first -q").assert_code(DONE);
    let refused = env.run("disk create -V db -N second -o json").expect(FAILED);
    assert_eq!(refused.error()["code"], "Planned");
    assert_eq!(env.run("disk list -o name").expect(DONE).stdout, "first\n");
    // The one inside this test was never asked.
    assert_eq!(env.emulator().requests().len(), 0);
    running.close_stdin();
    running.wait().assert_code(DONE);
}

#[cfg(unix)]
#[test]
fn it_throttles_where_that_is_asked_for() {
    use std::time::{Duration, Instant};

    let env = nothing();
    let mut running = env
        .command("emulator run --throttle --until-stdin-closes -o json")
        .spawn_with_stdin();
    let ready = ready(&mut running);
    let refused = env.block_on(async {
        let (arm, cx, groups) = arm(&ready);
        let path = format!("{groups}/rg/providers/Microsoft.ContainerService/managedClusters/c");
        for _ in 0..500 {
            // Less than it asks to wait for.
            let cx = cx
                .clone()
                .with_deadline(Instant::now() + Duration::from_millis(900));
            let request = kompox_arm::ArmRequest::get(arm.url(&path, "2025-05-01").unwrap());
            let error = arm.send(&cx, &request).await.unwrap_err();
            if error.status() == Some(429) {
                return error.code().map(str::to_owned);
            }
        }
        None
    });
    assert_eq!(refused.as_deref(), Some("Throttled"));
    running.close_stdin();
    running.wait().assert_code(DONE);
}

/// Starts it with a limit of the shell's, and reads what it says when it is ready.
#[cfg(unix)]
fn start_limited(env: &TestEnvironment, limit: &str) -> (std::process::Child, Value) {
    use std::process::{Command, Stdio};

    let script = format!(
        "{limit}; exec {PROGRAM} emulator run --state {} --timing zero -o json --until-stdin-closes",
        env.path(".azure").display()
    );
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

/// Lets this process have so many descriptors, or as many as the system allows, and says how many.
#[cfg(unix)]
fn allow_descriptors(wanted: u64) -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.map_or(wanted, |most| most.min(wanted));
    // Nothing is taken away from other tests. None is no limit.
    if limit.current.is_some_and(|current| current < allowed) {
        limit.current = Some(allowed);
        setrlimit(Resource::Nofile, limit).unwrap();
    }
    allowed
}

/// Idle connections to an emulator that may have so many descriptors, and a client that wants something meanwhile
/// and afterwards.
#[cfg(unix)]
fn idle_connections_and_a_client(descriptors: u64, idle: u64) {
    use std::time::Duration;

    const CROWD: Duration = Duration::from_secs(60);
    // Less than the ten seconds after which a handshake that does not come on is given up anyway.
    const SOON: Duration = Duration::from_secs(8);
    let env = nothing();
    let idle = allow_descriptors(idle + 300) - 300;
    let (mut child, ready) = start_limited(&env, &format!("ulimit -n {descriptors}"));
    let address = ready["armEndpoint"].as_str().unwrap();
    let address = address.trim_start_matches("https://").to_owned();
    env.block_on(async {
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..idle {
            opening.spawn(tokio::net::TcpStream::connect(address.clone()));
        }
        let asked = tokio::time::timeout(CROWD, groups(&ready)).await;
        assert_eq!(asked, Ok(0), "while they come");
        let opened = tokio::time::timeout(CROWD, opening.join_all()).await.unwrap();
        for _ in 0..3 {
            let asked = tokio::time::timeout(SOON, groups(&ready)).await;
            assert_eq!(asked, Ok(0), "when they are there");
        }
        drop(opened);
    });
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(i32::from(DONE)));
}

#[cfg(unix)]
#[test]
fn two_thousand_idle_connections_lock_nobody_out_with_1024_descriptors() {
    idle_connections_and_a_client(1024, 2000);
}

/// Then it is the system that refuses to accept one more, not the emulator's own bound.
#[cfg(unix)]
#[test]
fn idle_connections_lock_nobody_out_where_there_is_no_descriptor_left() {
    idle_connections_and_a_client(64, 200);
}

/// With a state that may not grow: a disk that is full.
#[cfg(unix)]
#[test]
fn after_a_full_disk_it_ends_with_a_message_and_goes_on_with_all_it_acknowledged() {
    let env = nothing();
    // In blocks of 512 bytes; without the signal a write beyond it fails as on a full disk.
    let (child, ready) = start_limited(&env, "trap '' XFSZ; ulimit -f 6000");
    let acknowledged = env.block_on(fill(&ready));
    assert!(acknowledged > 0);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(FAILED)), "{said}");
    assert!(
        said.matches("the state cannot be written").count() == 1 && said.contains("make room on the disk"),
        "{said}"
    );

    let mut running = env
        .command("emulator run --state .azure --until-stdin-closes -o json")
        .spawn_with_stdin();
    let ready = self::ready(&mut running);
    let kept = env.block_on(groups(&ready));
    assert!(
        kept == acknowledged || kept == acknowledged + 1,
        "{kept} of {acknowledged}"
    );
    running.close_stdin();
    running.wait().assert_code(DONE);
}

#[cfg(unix)]
fn arm(ready: &Value) -> (kompox_arm::ArmClient, kompox_domain::Context, String) {
    use std::sync::Arc;
    use std::time::Duration;

    use kompox_arm::{ArmClient, ArmOptions, AuthMethod, Cloud};
    use kompox_domain::ids::SystemUlids;
    use kompox_domain::progress::Silent;
    use kompox_domain::{Context, Secret};

    let text = |name: &str| ready[name].as_str().unwrap().to_owned();
    let ca = Some(text("caFile").into());
    let cloud = Cloud::custom(&text("armEndpoint"), &text("authorityHost"), ca).unwrap();
    let method = AuthMethod::ClientSecret {
        tenant_id: text("tenantId"),
        client_id: text("clientId"),
        secret: Secret::new(text("clientSecret")),
    };
    let options = ArmOptions {
        backoff: Duration::from_millis(1),
        ..ArmOptions::default()
    };
    let cx = Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()));
    let groups = format!("/subscriptions/{}/resourceGroups", text("subscriptionId"));
    (ArmClient::new(cloud, method, options).unwrap(), cx, groups)
}

/// Makes groups until one is refused, and says how many were acknowledged.
#[cfg(unix)]
async fn fill(ready: &Value) -> usize {
    let (arm, cx, groups) = arm(ready);
    let tags: serde_json::Map<String, Value> = (0..50)
        .map(|at| (format!("tag{at}"), "x".repeat(250).into()))
        .collect();
    let body = serde_json::json!({ "location": "japaneast", "tags": tags });
    for count in 0.. {
        let url = arm.url(&format!("{groups}/rg-{count}"), "2025-04-01").unwrap();
        let request = kompox_arm::ArmRequest::put(url, &body).unwrap();
        if arm.send(&cx, &request).await.is_err() {
            return count;
        }
    }
    0
}

#[cfg(unix)]
async fn groups(ready: &Value) -> usize {
    let (arm, cx, groups) = arm(ready);
    let mut count = 0;
    let request = kompox_arm::ArmRequest::get(arm.url(&groups, "2025-04-01").unwrap());
    arm.list(&cx, request, |_| count += 1).await.unwrap();
    count
}
