//! The program itself, killed at each of its requests.

#![cfg(unix)]

use std::time::Duration;

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule};
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};

/// An app whose volume `db` has the disks `one`, which is assigned, and `two`.
fn prepared() -> TestEnvironment {
    let env = TestEnvironment::new(env!("CARGO_BIN_EXE_kompoxops-under-test"));
    for name in ["one", "two"] {
        let made = env.run(&format!("disk create -V db -N {name} -q"));
        assert_eq!(made.code(), Some(i32::from(DONE)), "{made}");
    }
    env
}

fn set_faults(env: &TestEnvironment, rules: impl IntoIterator<Item = FaultRule>) {
    let set = env.emulator().set_faults(FaultPlan::new(rules));
    set.expect("valid rules");
}

/// Kills `line` at the request of this number, from 0; whether it came that far.
fn killed_at(env: &TestEnvironment, line: &str, request: usize) -> bool {
    let number = u32::try_from(request).unwrap();
    set_faults(env, [FaultRule::new("*", "**", FaultAction::Hang).after(number)]);
    env.emulator().clear_requests();
    let mut running = Some(env.command(line).spawn());
    // A run that makes fewer requests has ended long before.
    for _ in 0..10_000 {
        if env.emulator().requests().len() > request {
            let running = running.take().expect("it is killed once");
            running.signal("KILL");
            let output = running.wait();
            assert_eq!(output.code(), None, "it ended before it was killed: {output}");
            set_faults(env, []);
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

/// How many requests a run makes.
fn requests(line: &str) -> usize {
    let env = prepared();
    env.emulator().clear_requests();
    let done = env.run(line);
    assert_eq!(done.code(), Some(i32::from(DONE)), "{done}");
    env.emulator().requests().len()
}

fn assigned(env: &TestEnvironment) -> Vec<String> {
    let listed = env.run("disk list -V db").expect(DONE).json();
    let disks = listed.as_array().expect("a list").iter();
    let assigned = disks.filter(|disk| disk["assigned"] == true);
    assigned
        .map(|disk| disk["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn an_assignment_that_is_killed_at_any_request_leaves_one_assigned_and_the_next_completes_it() {
    let line = "disk assign -V db -N two";
    let env = prepared();
    for request in 0..requests(line) {
        assert!(killed_at(&env, line, request), "request {request}");
        let after = assigned(&env);
        assert!(
            after == ["one"] || after == ["two"],
            "request {request}: {after:?}"
        );
        let again = env.run(line);
        assert_eq!(again.code(), Some(i32::from(DONE)), "request {request}: {again}");
        assert_eq!(assigned(&env), ["two"]);
        let back = env.run("disk assign -V db -N one");
        assert_eq!(back.code(), Some(i32::from(DONE)), "request {request}: {back}");
    }
}

#[test]
fn a_creation_that_is_killed_at_any_request_leaves_nothing_over_and_the_next_completes_it() {
    let line = "disk create -V db -N three";
    let env = prepared();
    for request in 0..requests(line) {
        assert!(killed_at(&env, line, request), "request {request}");
        let again = env.run(line);
        // Where it was made before the end, its name is taken.
        let codes = [Some(i32::from(DONE)), Some(i32::from(FAILED))];
        assert!(codes.contains(&again.code()), "request {request}: {again}");
        let listed = env.run("disk list -V db").expect(DONE).json();
        let mut names: Vec<&str> = listed
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|disk| disk["name"].as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["one", "three", "two"], "request {request}");
        assert_eq!(assigned(&env), ["one"]);
        let gone = env.run("disk delete -V db -N three -y");
        assert_eq!(gone.code(), Some(i32::from(DONE)), "request {request}: {gone}");
    }
}
