//! What all connections share, and the one way in which the state is changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::faults::ActivePlan;
use kompox_emulator_core::json;
use kompox_emulator_core::log::RequestLog;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::{State, Store};
use kompox_kubernetes_emulator::Tls;
use tokio::sync::Notify;

use crate::context::Environment;
use crate::deploy;
use crate::throttle::{Admission, Throttle};
use crate::watch::Watch;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) environment: Environment,
    pub(crate) store: Store,
    pub(crate) log: RequestLog,
    pub(crate) tls: Tls,
    plan: Mutex<ActivePlan>,
    pub(crate) throttle: Throttle,
    watch: Mutex<Option<Watch>>,
    pub(crate) latency: AtomicU64,
    /// Woken by every change.
    pub(crate) changed: Notify,
}

impl Shared {
    pub(crate) fn new(environment: Environment, store: Store, tls: Tls, plan: ActivePlan) -> Self {
        let latency = AtomicU64::new(0);
        let throttle = Throttle::new(environment.options.throttling);
        let shared = Self {
            environment,
            store,
            log: RequestLog::start(),
            tls,
            plan: Mutex::new(plan),
            throttle,
            watch: Mutex::default(),
            latency,
            changed: Notify::new(),
        };
        shared.set_latency(shared.environment.options.latency);
        shared
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, ActivePlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self) -> MutexGuard<'_, Option<Watch>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the buckets say about a request to ARM.
    pub(crate) fn admit(&self, request: &Request) -> Option<Admission> {
        self.throttle
            .admit(request, &self.environment.identity.object_id, Instant::now())
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.latency.store(
            u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    /// Changes the state and waits until the change is on disk.
    pub(crate) async fn change<T>(
        &self,
        change: impl FnOnce(&mut State, i64) -> T,
    ) -> Result<T, EmulatorError> {
        let (value, sequence, changes) = {
            let mut session = self.store.session();
            let now = json::now();
            let watch = self.watch();
            let mut seen = 0;
            let mut look = |state: &State| {
                if let Some(watch) = &*watch
                    && state.changes() > seen
                {
                    seen = state.changes();
                    watch.look(state, &self.environment, now);
                }
            };
            deploy::settle(&mut session, &self.environment, &self.plan, now, &mut look);
            look(&session);
            let value = change(&mut session, now);
            look(&session);
            let changes = session.changes();
            (value, session.commit(), changes)
        };
        if changes > 0 {
            self.changed.notify_waiters();
        }
        self.store.flushed(sequence).await?;
        Ok(value)
    }
}
