//! `/_emulator/…`: the request log and the switches, for tests in another process. Loopback only, as
//! everything here, and outside log, latency and fault plan.

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::faults::{ActivePlan, FaultPlan};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;

use crate::shared::Shared;
use crate::switches::{attach, detach, expire_tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    milliseconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attach {
    disk: String,
    vm: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Detach {
    disk: String,
}

/// Handles one request to a control endpoint.
pub(crate) async fn handle(shared: &Shared, request: &Request) -> Reply {
    let what = request.segments.get(1).map_or("", String::as_str);
    let result = match (&request.method, what) {
        (&Method::GET, "requests") => {
            return Reply::json(
                200,
                &serde_json::to_value(shared.log.all()).unwrap_or(Value::Null),
            );
        }
        (&Method::DELETE, "requests") => {
            shared.log.clear();
            Ok(())
        }
        (&Method::PUT, "faults") => set_faults(shared, request),
        (&Method::PUT, "latency") => body::<Latency>(request).map(|latency| {
            shared.set_latency(Duration::from_millis(latency.milliseconds));
        }),
        (&Method::PUT, "attach") => match body::<Attach>(request) {
            Ok(wanted) => attach(shared, &wanted.disk, &wanted.vm).await,
            Err(error) => Err(error),
        },
        (&Method::PUT, "detach") => match body::<Detach>(request) {
            Ok(wanted) => detach(shared, &wanted.disk).await,
            Err(error) => Err(error),
        },
        (&Method::PUT, "expire-tokens") => expire_tokens(shared).await,
        _ => return Reply::json(404, &json!({ "error": "no such control endpoint" })),
    };
    match result {
        Ok(()) => Reply::empty(204),
        Err(error) => Reply::json(400, &json!({ "error": error.to_string() })),
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, EmulatorError> {
    serde_json::from_slice(&request.body).map_err(|error| EmulatorError::Argument(error.to_string()))
}

fn set_faults(shared: &Shared, request: &Request) -> Result<(), EmulatorError> {
    let plan: FaultPlan = body(request)?;
    *shared.plan() = ActivePlan::new(plan)?;
    Ok(())
}
