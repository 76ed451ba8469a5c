//! The whole client against a script of answers: listings page by page, long-running operations from header to
//! header, repetition, sign-in. Time is simulated.
//!
//! The first line is the method, `LIST` among them, and `!` after it has the sign-in service say what the script
//! says too. Then come answers, separated by a line `---`: a status, headers, an empty line, a body. The last
//! answer is given for ever.
#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kompox_arm::client::ArmOptions;
use kompox_arm::fuzzing::{Answer, client};
use kompox_arm::{ArmError, ArmRequest, FinalState};
use kompox_domain::ids::SystemUlids;
use kompox_domain::progress::Silent;
use kompox_domain::{Context, Error};
use libfuzzer_sys::fuzz_target;

const DEADLINE: Duration = Duration::from_secs(30);
const TOKEN: &[u8] = br#"{"token_type":"Bearer","expires_in":3599,"access_token":"token"}"#;
const PATH: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d";

fn split<'a>(data: &'a [u8], by: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    match data.windows(by.len()).position(|window| window == by) {
        Some(at) => (&data[..at], Some(&data[at + by.len()..])),
        None => (data, None),
    }
}

fn answer(text: &[u8]) -> Answer {
    let (head, body) = split(text, b"\n\n");
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.trim().parse().ok())
        .unwrap_or(200);
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        // What is no header the HTTP client below would not have let through.
        .filter(|(name, value)| name.trim().is_ascii() && !value.contains(|c: char| c.is_control()))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (status, headers, body.unwrap_or_default().to_vec())
}

fn script(data: &[u8]) -> Option<(String, Vec<Answer>)> {
    let (method, rest) = split(data, b"\n");
    let mut answers = Vec::new();
    let mut rest = rest;
    while let Some(text) = rest.filter(|_| answers.len() < 50) {
        let (one, more) = split(text, b"\n---\n");
        answers.push(answer(one));
        rest = more;
    }
    (!answers.is_empty()).then(|| (String::from_utf8_lossy(method).into_owned(), answers))
}

async fn play(method: &str, answers: Vec<Answer>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let hostile_sign_in = method.ends_with('!');
    let arm = client(
        move |url| {
            if url.host_str() == Some("login.microsoftonline.com") && !hostile_sign_in {
                return (200, vec![], TOKEN.to_vec());
            }
            let host = url.host_str().unwrap_or_default();
            assert!(
                host == "login.microsoftonline.com"
                    || host == "management.azure.com"
                    || host.ends_with(".management.azure.com"),
                "a token went to {url}"
            );
            let index = counter.fetch_add(1, Ordering::Relaxed);
            answers[index.min(answers.len() - 1)].clone()
        },
        ArmOptions::default(),
    )
    .unwrap();
    let start = tokio::time::Instant::now();
    let cx = Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()))
        .with_deadline((start + DEADLINE).into_std());
    let url = arm.url(PATH, "2025-01-02").unwrap();
    let body = serde_json::json!({});
    let mut elements = 0_usize;
    let result: Result<(), ArmError> = if method.starts_with("LIST") {
        arm.list(&cx, ArmRequest::get(url), |_| elements += 1).await
    } else {
        let request = match method.trim_end_matches('!') {
            "PUT" => ArmRequest::put(url, &body).unwrap(),
            "PATCH" => ArmRequest::merge(url, &body).unwrap().in_known_group(),
            "DELETE" => ArmRequest::delete(url),
            _ => ArmRequest::get(url),
        };
        let step = cx.begin("fuzz");
        let wanted = if method.len() % 2 == 0 {
            FinalState::Nothing
        } else {
            FinalState::Resource
        };
        let result = arm.run(&cx, &request, wanted, &step).await;
        step.end(result).map(drop)
    };
    assert!(
        start.elapsed() <= DEADLINE + Duration::from_millis(10),
        "{:?}",
        start.elapsed()
    );
    assert!(sent.load(Ordering::Relaxed) <= 1_000);
    if let Err(error) = result {
        let error = Error::from(error);
        let message = error.to_string();
        assert!(
            !message.is_empty() && message.chars().count() <= 16_000,
            "{}",
            message.len()
        );
        assert!(
            !message.chars().any(|c| c.is_control() && c != '\n'),
            "{message:?}"
        );
        for word in [error.code(), error.target(), error.correlation_id()]
            .into_iter()
            .flatten()
        {
            assert!(
                word.chars().count() <= 201 && !word.chars().any(char::is_control),
                "{word:?}"
            );
        }
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = cause {
            assert!(error.to_string().chars().count() <= 16_000);
            cause = error.source();
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Some((method, answers)) = script(data) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(play(&method, answers));
    }
});
