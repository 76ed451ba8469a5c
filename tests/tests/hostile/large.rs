//! Answers that are far too large or too deep.

use std::time::{Duration, Instant};

use kompox_arm::{ArmRequest, FinalState, ServiceError};
use kompox_azure_emulator::Respond;
use kompox_domain::{Error, ErrorKind};

use crate::world::{SLACK, World, check_error, within};

/// Enough for an answer of ordinary size.
const TIME: Duration = Duration::from_secs(1);

fn told(status: u16, body: String) -> Respond {
    Respond {
        status,
        body: Some(body),
        ..Respond::default()
    }
}

/// What became of a request, an operation and a listing that are answered so.
fn all(world: &World, answer: &Respond, time: Duration) -> Vec<Error> {
    world.script(vec![answer.clone()]);
    let url = world.arm.url(&world.path("/d"), "2025-01-02").unwrap();
    let cx = within(time);
    let begun = Instant::now();
    let errors = world.runtime.block_on(async {
        let put = ArmRequest::put(url.clone(), &serde_json::json!({})).unwrap();
        let step = cx.begin("test");
        let run = world.arm.run(&cx, &put, FinalState::Nothing, &step).await;
        let run = step.end(run).map(drop);
        let list = world.arm.list(&cx, ArmRequest::get(url), |_| {}).await;
        [run, list]
            .into_iter()
            .filter_map(Result::err)
            .map(Error::from)
            .collect::<Vec<_>>()
    });
    assert!(begun.elapsed() < time + SLACK, "{:?}", begun.elapsed());
    errors.iter().for_each(check_error);
    errors
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let world = World::new();
    let errors = all(&world, &told(200, " ".repeat((64 << 20) + 1)), TIME * 20);
    assert_eq!(errors.len(), 2);
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("larger than 64 MiB"), "{error}");
    }
}

#[test]
fn no_depth_of_nesting_is_too_much() {
    let world = World::new();
    for nested in [
        r#"{"error":"#,
        "[",
        r#"{"value":["#,
        r#"{"properties":"#,
        r#"{"error":{"details":["#,
    ] {
        let body = nested.repeat(20_000);
        all(&world, &told(200, body.clone()), TIME);
        let errors = all(&world, &told(400, body), TIME);
        assert_eq!(errors.len(), 2);
    }
}

#[test]
fn a_message_without_end_becomes_one_that_can_be_shown() {
    let world = World::new();
    let long = "m".repeat(64 << 10);
    let inner = serde_json::json!({"error": {"code": long, "message": long}}).to_string();
    for body in [
        long.clone(),
        serde_json::json!(long).to_string(),
        inner.clone(),
        serde_json::json!({"error": {"code": "c", "message": inner}}).to_string(),
        serde_json::json!({"error": {"code": "c", "target": long, "details": vec![serde_json::json!({"code": long}); 1]}}).to_string(),
        serde_json::json!({"value": long, "properties": {"provisioningState": long}, "status": long}).to_string(),
    ] {
        for status in [200, 409] {
            all(&world, &told(status, body.clone()), TIME);
        }
    }
}

#[test]
fn a_page_with_absurdly_many_elements_is_refused() {
    let world = World::new();
    let body = format!(r#"{{"value":[{}0]}}"#, "0,".repeat(100_000));
    let errors = all(&world, &told(200, body), TIME);
    assert!(
        errors
            .iter()
            .any(|error| error.to_string().contains("elements on one page")),
        "{errors:?}"
    );
}

#[test]
fn an_error_with_thousands_of_details_costs_a_moment() {
    let begun = Instant::now();
    for detail in ["0", r#"{"message":"a"}"#, "[]", r#"{"code":"a","details":[{}]}"#] {
        let details = vec![detail; 20_000].join(",");
        let body = format!(r#"{{"error":{{"code":"c","message":"m","details":[{details}]}}}}"#);
        let error = ServiceError::parse(400, body.as_bytes());
        assert!(error.message.chars().count() < 9_000);
    }
    assert!(begun.elapsed() < SLACK * 2, "{:?}", begun.elapsed());
}
