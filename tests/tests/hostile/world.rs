//! A client in a hurry, an embedded Azure that says what it is told to, and what every error must be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_arm::client::ArmOptions;
use kompox_arm::{ArmClient, AuthMethod, Cloud};
use kompox_azure_emulator::{Emulator, FaultAction, FaultPlan, FaultRule, Options, Respond};
use kompox_domain::ids::SystemUlids;
use kompox_domain::progress::Silent;
use kompox_domain::{Context, Error, ErrorKind, Secret};

/// How much later than its deadline a call may end: machines are slow, and not optimised code is slower.
pub(crate) const SLACK: Duration = Duration::from_secs(5);

pub(crate) const HASTY: ArmOptions = ArmOptions {
    backoff: Duration::from_millis(1),
    poll: Duration::from_millis(1),
    concurrency: 16,
};

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) arm: ArmClient,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime.block_on(Emulator::start(Options::default())).unwrap();
        let connection = emulator.connection();
        let cloud = Cloud::custom(
            &connection.arm_endpoint,
            &connection.authority_host,
            Some(connection.ca_file.clone()),
        )
        .unwrap();
        let method = AuthMethod::ClientSecret {
            tenant_id: connection.tenant_id.clone(),
            client_id: connection.client_id.clone(),
            secret: Secret::new(connection.client_secret.clone()),
        };
        let arm = ArmClient::new(cloud, method, HASTY).unwrap();
        Self {
            emulator,
            arm,
            runtime,
        }
    }

    /// ARM gives these answers in order, and the last for ever. Signing in works.
    pub(crate) fn script(&self, answers: Vec<Respond>) {
        let last = answers.len().saturating_sub(1);
        let rules = answers.into_iter().enumerate().map(|(index, answer)| {
            let rule = FaultRule::new("*", "/subscriptions/**", FaultAction::Respond(answer));
            if index == last { rule } else { rule.times(1) }
        });
        self.emulator.set_faults(FaultPlan::new(rules)).unwrap();
    }

    /// The address of a disk, and that of a listing.
    pub(crate) fn path(&self, rest: &str) -> String {
        let subscription = &self.emulator.connection().subscription_id;
        format!("/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Compute/disks{rest}")
    }
}

pub(crate) fn within(time: Duration) -> Context {
    Context::new(Arc::new(Silent), Arc::new(SystemUlids::default())).with_deadline(Instant::now() + time)
}

/// An error whose every text is short and safe to show.
pub(crate) fn check_error(error: &Error) {
    assert!(ErrorKind::ALL.contains(&error.kind()));
    check_text(&error.to_string(), 16_000);
    for word in [error.code(), error.correlation_id()].into_iter().flatten() {
        check_text(word, 201);
    }
    if let Some(target) = error.target() {
        check_text(target, 2_001);
    }
    for hint in error.hints() {
        check_text(&hint.to_string(), 2_000);
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        check_text(&error.to_string(), 16_000);
        cause = error.source();
    }
}

pub(crate) fn check_text(text: &str, most: usize) {
    assert!(!text.is_empty());
    assert!(text.chars().count() <= most, "{} bytes of text", text.len());
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}
