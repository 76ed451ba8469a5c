//! How often an operation is looked at, in simulated time: at our own pace where Azure announces none, which is what it
//! does about stacks, and as it asks where it does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kompox_domain::Context;
use kompox_domain::ids::SystemUlids;
use kompox_domain::progress::Silent;
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::FinalState;
use crate::client::{ArmClient, ArmOptions};
use crate::fuzzing::{Answer, client, signed_in};
use crate::request::ArmRequest;

/// How an operation is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Status,
    Location,
    Resource,
}

const TOLD: [Told; 3] = [Told::Status, Told::Location, Told::Resource];

/// What became of following one operation, in seconds from its beginning.
#[derive(Debug)]
struct Followed {
    /// When it was looked at.
    looks: Vec<f64>,
    returned: f64,
}

impl Followed {
    /// How long was waited before each look. The answers themselves take a tenth of a second.
    fn waits(&self) -> Vec<u64> {
        let from = std::iter::once(&0.0).chain(&self.looks);
        let waited = from.zip(&self.looks).map(|(before, look)| look - before);
        waited.map(|seconds| seconds.floor() as u64).collect()
    }
}

/// Follows a PUT that takes so long and whose answers ask to be looked at again after so many seconds, if any.
async fn follow(told: Told, takes: Duration, retry_after: Option<u64>) -> Followed {
    let begun: Arc<Mutex<Option<Instant>>> = Arc::default();
    let looks: Arc<Mutex<Vec<f64>>> = Arc::default();
    let (began, looked) = (Arc::clone(&begun), Arc::clone(&looks));
    let scripted = move |url: &Url| -> Answer {
        if let Some(token) = signed_in(url) {
            return token;
        }
        let mut headers = Vec::new();
        if let Some(seconds) = retry_after {
            headers.push(("retry-after".to_owned(), seconds.to_string()));
        }
        let mut begun = began.lock().unwrap();
        let since = begun.get_or_insert_with(Instant::now).elapsed();
        let first = since.is_zero();
        if !first {
            looked.lock().unwrap().push(since.as_secs_f64());
        }
        let over = since >= takes;
        let state = if over { "succeeded" } else { "deploying" };
        let resource = json!({ "id": "/x", "properties": { "provisioningState": state } });
        let monitor = |name: &str| {
            (
                name.to_owned(),
                "https://management.azure.com/m?api-version=1".to_owned(),
            )
        };
        let (status, body) = match (told, url.path()) {
            (Told::Status, _) if first => {
                headers.push(monitor("azure-asyncoperation"));
                (201, resource)
            }
            (Told::Location, _) if first => {
                headers.push(monitor("location"));
                (202, json!({}))
            }
            (Told::Status, "/m") => (200, json!({ "id": "/m", "name": "m", "status": state })),
            (Told::Location, "/m") if !over => (202, json!({})),
            _ => (200, resource),
        };
        (status, headers, body.to_string().into_bytes())
    };
    let arm: ArmClient = client(scripted, ArmOptions::default()).unwrap();
    let cx = Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()));
    let url = arm.url("/subscriptions/s/x", "1").unwrap();
    let request = ArmRequest::put(url, &json!({})).unwrap();
    let step = cx.begin("test");
    let result = arm.run(&cx, &request, FinalState::Nothing, &step).await;
    step.end(result).unwrap();
    let returned = begun.lock().unwrap().unwrap().elapsed().as_secs_f64();
    let looks = looks.lock().unwrap().clone();
    Followed { looks, returned }
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_it_is_looked_after_1_2_3_and_5_seconds_and_then_every_10() {
    for told in TOLD {
        let followed = follow(told, Duration::from_secs(40), None).await;
        assert_eq!(
            followed.waits(),
            [1, 2, 3, 5, 10, 10, 10],
            "{told:?} {followed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_is_noticed_within_the_pace_however_late_it_comes() {
    for told in TOLD {
        for takes in [0.5, 1.5, 4.0, 9.0, 25.0, 600.0, 7_201.0] {
            let followed = follow(told, Duration::from_secs_f64(takes), None).await;
            let late = followed.returned - takes;
            // As long as the wait in which it ended, and an answer.
            let allowed = followed.waits().last().copied().unwrap() as f64 + 0.3;
            assert!(
                (0.0..=allowed.min(10.3)).contains(&late),
                "{told:?} {takes} {late}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_retry_after_it_is_looked_when_azure_says() {
    for told in TOLD {
        let followed = follow(told, Duration::from_secs(70), Some(17)).await;
        assert_eq!(followed.waits(), [17, 17, 17, 17, 17], "{told:?} {followed:?}");
    }
}
