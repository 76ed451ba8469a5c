//! Two operators at once, with everything going wrong, from fixed seeds; and the same for as long as one likes.

use std::io::Write as _;
use std::time::{Duration, Instant};

use kompox_tests::model::{Action, Racing, Scenario, Soak, Stage, run};

/// Scenarios in every run of the tests: enough to meet each kind of trouble many times over.
const SCENARIOS: u64 = 120;
/// Where they begin. Every run has the same; `cargo xtask soak` has others.
const SEED: u64 = 20_251_121;
/// On a machine that is too slow for all of them, those that were run must do.
const PATIENCE: Duration = Duration::from_secs(25);

#[tokio::test]
async fn somebody_who_takes_the_mark_away_is_found_out() {
    let scenario = Scenario {
        first: vec![Action::List; 60],
        second: vec![Action::List; 60],
        dice: 1,
        trouble: 0,
        racing: Racing::Clearing,
    };
    let what = run(&Stage::new().await, &scenario).await.unwrap_err();
    assert!(what.starts_with("disk one was assigned, and none is"), "{what}");
}

#[tokio::test]
async fn somebody_who_takes_the_mark_away_is_found_out_beside_two_who_assign() {
    let scenario = Scenario {
        first: vec![Action::Assign("one"); 60],
        second: vec![Action::Assign("one"); 60],
        dice: 1,
        trouble: 0,
        racing: Racing::Clearing,
    };
    let what = run(&Stage::new().await, &scenario).await.unwrap_err();
    assert!(what.starts_with("disk one was assigned, and none is"), "{what}");
}

/// `cargo xtask soak` runs this one too, for as long as it is told to.
#[tokio::test]
async fn two_operators_at_once_keep_every_promise_whatever_goes_wrong() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("KOMPOX_SOAK_STEPS");
    let patience = match (steps, number("KOMPOX_SOAK_MINUTES")) {
        (None, _) => PATIENCE,
        (_, Some(minutes)) => Duration::from_secs(60 * minutes),
        _ => Duration::MAX,
    };
    let seed = number("KOMPOX_SOAK_SEED").unwrap_or(SEED);
    let say = |text: String| {
        if steps.is_some() {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    };
    let begun = Instant::now();
    let mut told = begun;
    say(format!("soak: seed {seed}"));
    let mut soak = Soak::new(seed).await;
    loop {
        let tally = soak.next().await.unwrap_or_else(|(seed, what)| {
            panic!("seed {seed}: {what}\nagain: cargo xtask soak --seed {seed} --steps 1")
        });
        let enough = match steps {
            Some(steps) => tally.steps as u64 >= steps,
            None => tally.scenarios >= SCENARIOS,
        } || begun.elapsed() >= patience;
        if enough || told.elapsed() >= Duration::from_secs(10) {
            told = Instant::now();
            let (scenarios, steps) = (tally.scenarios, tally.steps);
            let seconds = begun.elapsed().as_secs();
            say(format!("soak: {scenarios} scenarios, {steps} steps, {seconds} s"));
        }
        if enough {
            return;
        }
    }
}
