//! The client, from request to result, with answers that are anything.

use std::time::{Duration, Instant};

use kompox_arm::{ArmRequest, FinalState};
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Respond};
use kompox_domain::{Error, ErrorKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::pieces::answer;
use crate::world::{SLACK, World, check_error, within};

const CASES: u32 = 120;
const DEADLINE: Duration = Duration::from_millis(80);

fn page(next: &str) -> Respond {
    Respond {
        status: 200,
        body: Some(serde_json::json!({"value": [{}], "nextLink": next}).to_string()),
        ..Respond::default()
    }
}

#[test]
fn whatever_arm_says_the_client_ends_in_time_with_a_result_or_a_fit_error() {
    let world = World::new();
    let (disk, listing) = (world.path("/d"), world.path(""));
    let url = world.arm.url(&disk, "2025-01-02").unwrap();
    let cases = (
        proptest::collection::vec(answer(url.to_string()), 1..5),
        0..5_usize,
    );
    let mut runner = TestRunner::new(Config::with_cases(CASES));
    let result = runner.run(&cases, |(answers, what)| {
        world.script(answers);
        let cx = within(DEADLINE);
        let begun = Instant::now();
        let body = serde_json::json!({});
        let result = world.runtime.block_on(async {
            let request = match what {
                0 => {
                    let first = world.arm.url(&listing, "2025-01-02")?;
                    return world.arm.list(&cx, ArmRequest::get(first), |_| {}).await;
                }
                1 => ArmRequest::put(url.clone(), &body)?,
                2 => ArmRequest::merge(url.clone(), &body)?.in_known_group(),
                3 => ArmRequest::delete(url.clone()),
                _ => ArmRequest::get(url.clone()),
            };
            let step = cx.begin("test");
            let result = world.arm.run(&cx, &request, FinalState::Resource, &step).await;
            step.end(result).map(drop)
        });
        prop_assert!(begun.elapsed() < DEADLINE + SLACK, "{:?}", begun.elapsed());
        if let Err(error) = result {
            check_error(&Error::from(error));
        }
        Ok(())
    });
    result.unwrap();
}

fn list(world: &World, time: Duration) -> (Result<(), Error>, usize) {
    let url = world.arm.url(&world.path(""), "2025-01-02").unwrap();
    let mut elements = 0;
    let cx = within(time);
    let listing = world.arm.list(&cx, ArmRequest::get(url), |_| elements += 1);
    let result = world.runtime.block_on(listing).map_err(Error::from);
    (result, elements)
}

#[test]
fn a_listing_whose_pages_never_end_is_cut_by_the_deadline() {
    let world = World::new();
    let url = world.arm.url(&world.path(""), "2025-01-02").unwrap();
    // Each takes a moment, so that there are more than can be read in the time given.
    let slow = FaultRule::new("*", "/subscriptions/**", FaultAction::Delay { milliseconds: 20 });
    let pages = (0..100).map(|number| {
        let page = FaultAction::Respond(page(&format!("{url}&$skiptoken={number}")));
        FaultRule::new("*", "/subscriptions/**", page).times(1)
    });
    let plan = FaultPlan::new(std::iter::once(slow).chain(pages));
    world.emulator.set_faults(plan).unwrap();
    let begun = Instant::now();
    let (result, elements) = list(&world, Duration::from_millis(1_500));
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    check_error(&error);
    assert!(elements > 1);
}

#[test]
fn a_next_page_at_an_odd_address_is_not_asked() {
    let world = World::new();
    let own = world.emulator.connection().arm_endpoint.clone();
    let endless = format!("{own}/{}", "x".repeat(100_000));
    for next in [
        "not a url",
        "//127.0.0.1/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1.evil.example/x",
        "https://user@127.0.0.1/x",
        "data:application/json,{}",
        endless.as_str(),
    ] {
        world.script(vec![page(next)]);
        world.emulator.clear_requests();
        let error = list(&world, Duration::from_secs(10)).0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{next}");
        check_error(&error);
        let asked = world.emulator.requests();
        let asked = asked
            .iter()
            .filter(|request| request.path.starts_with("/subscriptions"));
        assert_eq!(asked.count(), 1, "{next}");
    }
}
