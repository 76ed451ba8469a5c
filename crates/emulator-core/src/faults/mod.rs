//! The fault plan: what goes wrong, for which requests, how often.
//!
//! A plan is a list of rules. For each request they are consulted in order. A rule *matches* by method and
//! path; a matching rule *fires* unless `skip` or `count` or `probability` says otherwise. `delay`,
//! `race` and `operation` let the search go on; any other action ends it. Requests to `/_emulator/` never match.
//!
//! ```json
//! {
//!   "seed": 7,
//!   "rules": [
//!     { "name": "busy", "method": "GET", "path": "**/providers/Microsoft.Compute/disks", "count": 2,
//!       "action": { "respond": { "status": 429, "code": "TooManyRequests", "message": "Slow down.",
//!                                "headers": { "Retry-After": "1" } } } },
//!     { "method": "PUT", "path": "**/disks/*", "skip": 1, "count": 1, "action": "resetAfter" },
//!     { "method": "PUT|PATCH", "path": "**/snapshots/*", "probability": 0.2,
//!       "action": { "operation": { "outcome": { "fail": { "code": "InternalError", "message": "Oops." } } } } },
//!     { "method": "GET", "path": "**/disks", "skip": 1, "count": 1,
//!       "action": { "race": { "when": "before", "id": "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/disks/d",
//!                             "write": { "merge": { "tags": { "k": "v" } } } } } }
//!   ]
//! }
//! ```
//!
//! What a deployment or a Deployment Stack writes and deletes is asked about too, as `PUT` and `DELETE` of the
//! resource's id, of rules that name the method and do `respond`, `replicationLag`, `operation`, `race` or `hang`:
//! so the deepest resource of a stack can be made to fail, to take its time, or never to end. A rule for any method
//! sees requests of clients only.
//!
//! `path` is a pattern over the path without its query: `*` stands for anything within a segment, `**`
//! for anything. `pathRegex` is a regular expression over path and query instead. Both ignore case.

mod active;
mod corrupt;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use active::{ActivePlan, Verdict};
pub use corrupt::corrupt;

/// A list of rules, and the seed of their dice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultPlan {
    /// Seed of the generator that `probability` draws from.
    pub seed: u64,
    /// Consulted in order.
    pub rules: Vec<FaultRule>,
}

impl FaultPlan {
    /// A plan with these rules.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        Self {
            seed: 0,
            rules: rules.into_iter().collect(),
        }
    }
}

/// When something goes wrong, and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// For the reader of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Methods, separated by `|`; absent or `*` is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Pattern over the path; absent is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Regular expression over path and query; both must match if both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_regex: Option<String>,
    /// The first so many matching requests pass.
    #[serde(default)]
    pub skip: u32,
    /// How often the rule fires; absent is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Chance of firing, 0 to 1; absent is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Matches nothing before the rule at this place of the plan, counted from 0, has fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once_fired: Option<usize>,
    /// Matches requests of clients only, also where it names the method.
    #[serde(default)]
    pub clients_only: bool,
    /// What happens.
    pub action: FaultAction,
}

impl FaultRule {
    /// A rule that always fires for this method (`*` is any) and path pattern.
    #[must_use]
    pub fn new(method: &str, path: &str, action: FaultAction) -> Self {
        Self {
            name: None,
            method: Some(method.to_owned()),
            path: Some(path.to_owned()),
            path_regex: None,
            skip: 0,
            count: None,
            probability: None,
            once_fired: None,
            clients_only: false,
            action,
        }
    }

    /// Fires at most so often.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Lets the first so many matching requests pass.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Matches nothing before another rule of the plan has fired.
    #[must_use]
    pub fn once_fired(mut self, rule: usize) -> Self {
        self.once_fired = Some(rule);
        self
    }

    /// Matches requests of clients only.
    #[must_use]
    pub fn clients_only(mut self) -> Self {
        self.clients_only = true;
        self
    }

    /// Fires with this chance.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum FaultAction {
    /// Answers an error (or anything else) instead of handling the request.
    Respond(Respond),
    /// Waits, then handles the request.
    Delay {
        /// For so long.
        milliseconds: u64,
    },
    /// Resets the connection before the request takes effect.
    ResetBefore,
    /// Handles the request and resets the connection instead of answering.
    ResetAfter,
    /// Handles the request, announces the whole body, sends half and resets.
    TruncateBody,
    /// Handles the request and answers a body that is no JSON.
    MalformedBody,
    /// Handles the request and answers its status with no body.
    EmptyBody,
    /// Handles the request and answers something that is no longer what the API promises.
    Corrupt {
        /// What is changed, and how, follows from it.
        seed: u64,
    },
    /// Never answers, and does nothing.
    Hang,
    /// Pretends that a write has not arrived everywhere yet.
    ReplicationLag(ReplicationLag),
    /// Shapes the long-running operation that the request starts.
    Operation(OperationFault),
    /// Lets another writer in, before or after the request.
    Race(Race),
}

/// An answer given instead of handling the request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Respond {
    /// HTTP status.
    pub status: u16,
    /// Error code.
    #[serde(default)]
    pub code: String,
    /// Error message.
    #[serde(default)]
    pub message: String,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as is, instead of the error envelope made of code and message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl FaultAction {
    /// An error answer.
    #[must_use]
    pub fn respond(status: u16, code: &str, message: &str) -> Self {
        Self::Respond(Respond {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            ..Respond::default()
        })
    }

    /// An error answer with `Retry-After` in seconds.
    #[must_use]
    pub fn respond_retry_after(status: u16, code: &str, seconds: u32) -> Self {
        Self::Respond(Respond {
            status,
            code: code.to_owned(),
            message: "Try again later.".to_owned(),
            headers: BTreeMap::from([("Retry-After".to_owned(), seconds.to_string())]),
            body: None,
        })
    }

    /// An operation that is accepted and fails later.
    #[must_use]
    pub fn fail_late(code: &str, message: &str) -> Self {
        Self::Operation(OperationFault {
            outcome: Outcome::Fail {
                code: code.to_owned(),
                message: message.to_owned(),
            },
            ..OperationFault::default()
        })
    }
}

/// What has not arrived everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ReplicationLag {
    /// 404 `ResourceGroupNotFound` for the group in the path.
    ResourceGroupNotFound,
    /// 404 `ResourceNotFound` for the resource in the path.
    ResourceNotFound,
    /// 400 `PrincipalNotFound` for the principal in the body.
    PrincipalNotFound,
}

/// How a long-running operation shows itself and ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OperationFault {
    /// Which of the published shapes the first answer has; absent is the resource type's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<OperationShape>,
    /// How it ends.
    pub outcome: Outcome,
    /// How often at least it must be looked at before it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polls: Option<u32>,
    /// How long it takes at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// What becomes of `Retry-After`.
    pub retry_after: RetryAfter,
    /// The monitor itself fails so often before it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor_error: Option<MonitorError>,
    /// The monitor is gone (404) once the operation has ended.
    pub expire: bool,
    /// Makes the monitor's URLs at least this long.
    pub url_bytes: usize,
    /// Replaces the monitor's URLs by something that is no URL.
    pub garbage_urls: bool,
}

/// The published shapes of a long-running operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum OperationShape {
    /// Both headers.
    Both,
    /// `Azure-AsyncOperation` only.
    AzureAsyncOperation,
    /// `Location` only.
    Location,
    /// No header; `provisioningState` in the body of a 200 or 201 tells. A delete answers 202.
    Body,
    /// 200 with no header and no body while the operation goes on.
    EmptyOk,
    /// Finished before the answer: 200, 201 or 204.
    Synchronous,
}

/// How an operation ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Outcome {
    /// Well.
    #[default]
    Succeed,
    /// With an error.
    Fail {
        /// Error code.
        code: String,
        /// Error message.
        message: String,
    },
    /// Canceled.
    Cancel,
    /// Never.
    Stuck,
}

/// What an operation says in `Retry-After`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum RetryAfter {
    /// What `Timing` says; of stacks nothing, unless it says otherwise.
    #[default]
    Usual,
    /// Nothing.
    Missing,
    /// So many seconds.
    Seconds(u32),
    /// This text.
    Raw(String),
}

/// An error of the monitor, which says nothing about the operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MonitorError {
    /// HTTP status.
    pub status: u16,
    /// How often.
    pub count: u32,
}

/// Another writer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Race {
    /// Before or after the request takes effect.
    pub when: When,
    /// The resource it writes; absent is the one in the request's path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it writes.
    pub write: RacingWrite,
}

/// Before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum When {
    /// Before the request takes effect.
    Before,
    /// After it took effect, before it is answered.
    After,
}

/// What another writer does. It meets no lock, no permission and no validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum RacingWrite {
    /// Stores this document; `id`, `name` and `type` are filled in.
    Put(Value),
    /// Merges this into the document (JSON Merge Patch), making it if absent.
    Merge(Value),
    /// Removes the resource.
    Delete,
}
