//! The running emulator and the direct handles on its state.

mod clusters;
mod snapshot;

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::faults::{ActivePlan, FaultPlan};
use kompox_emulator_core::json;
use kompox_emulator_core::log::LoggedRequest;
use kompox_emulator_core::platform;
use kompox_emulator_core::store::{Resource, Store};
use kompox_kubernetes_emulator::Tls;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::access::{Access, Grant};
use crate::arm::id::ResourceId;
use crate::connection::Connection;
use crate::context::Environment;
use crate::entra::Entra;
use crate::identity::{self, Identity};
use crate::operation::Operation;
use crate::options::{FederatedCredential, Options};
use crate::race::store_as_is;
use crate::server;
use crate::shared::Shared;
use crate::switches::{attach, detach, expire_tokens, parse};
use crate::throttle::Throttling;
use crate::types::{self, disks};
use crate::watch::{self, Watch};

pub use snapshot::Snapshot;

/// A running emulator. It stops when it is dropped; [`Emulator::shutdown`] stops it without blocking.
///
/// It serves on a thread of its own: a test may block its runtime (waiting for a program that asks the
/// emulator, for one), and when the emulator is gone its port is free.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    connection: Connection,
    running: Option<Running>,
}

/// What goes when the emulator stops.
#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    /// Held as long as the state is open.
    lock: Option<File>,
    temporary: Option<TempDir>,
}

impl Running {
    /// Ends the connections, closes the state, then lets others have the directory. Blocks for one commit
    /// at most.
    fn stop(self) {
        // Fails only if the thread has ended already.
        let _ = self.stop.send(());
        let _ = self.server.join();
        self.shared.store.close();
        drop(self.lock);
        drop(self.temporary);
    }
}

/// What starting prepares off the async threads.
struct Prepared {
    identity: Identity,
    directory: PathBuf,
    lock: Option<File>,
    temporary: Option<TempDir>,
    listener: TcpListener,
    tls: rustls::ServerConfig,
    store: Store,
}

impl Emulator {
    /// Starts an emulator on loopback.
    ///
    /// # Errors
    ///
    /// If the state directory is in use or damaged, the port is taken, or the fault plan is malformed.
    pub async fn start(options: Options) -> Result<Self, EmulatorError> {
        let plan = ActivePlan::new(options.faults.clone())?;
        let (state_dir, port) = (options.state_dir.clone(), options.port);
        let prepared = tokio::task::spawn_blocking(move || prepare(state_dir, port))
            .await
            .map_err(|error| EmulatorError::Stopped(error.to_string()))??;
        let Prepared {
            identity,
            directory,
            lock,
            temporary,
            listener,
            tls,
            store,
        } = prepared;
        let port = identity.port;
        let endpoint = format!("https://127.0.0.1:{port}");
        let connection = Connection {
            arm_endpoint: endpoint.clone(),
            authority_host: endpoint.clone(),
            ca_file: identity::ca_file(&directory),
            subscription_id: identity.subscription_id.clone(),
            tenant_id: identity.tenant_id.clone(),
            client_id: identity.client_id.clone(),
            client_secret: identity.client_secret.clone(),
            region: options.region.clone(),
        };
        let entra = Entra::new(&identity, port, options.federated_credentials.clone())?;
        let environment = Environment {
            options,
            identity,
            endpoint,
            entra,
        };
        let shared = Arc::new(Shared::new(environment, store, Tls::new(tls), plan));
        let (stop, stopped) = oneshot::channel();
        let server = serve_on_a_thread(listener, shared.clone(), stopped)
            .map_err(|source| EmulatorError::Listen { port, source })?;
        let running = Running {
            shared: shared.clone(),
            stop,
            server,
            lock,
            temporary,
        };
        Ok(Self {
            shared,
            connection,
            running: Some(running),
        })
    }

    /// What its handles in other files work on.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Endpoints, certificate and credentials.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Every request since the start or the last [`Emulator::clear_requests`].
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.log.all()
    }

    /// Forgets the requests logged so far.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }

    /// Replaces the fault plan; counters begin anew.
    ///
    /// # Errors
    ///
    /// If a pattern is malformed or a probability lies outside 0 to 1. The old plan stays then.
    pub fn set_faults(&self, plan: FaultPlan) -> Result<(), EmulatorError> {
        let plan = ActivePlan::new(plan)?;
        *self.shared.plan() = plan;
        Ok(())
    }

    /// Sets the extra time each request takes.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.set_latency(latency);
    }

    /// Has whoever asks more than this wait, from now on and with full buckets; `None` lets everything pass.
    pub fn set_throttling(&self, throttling: Option<Throttling>) {
        self.shared.throttle.set(throttling);
    }

    /// Revokes every token issued so far: ARM answers 401 until the client gets a new one.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub async fn expire_tokens(&self) -> Result<(), EmulatorError> {
        expire_tokens(&self.shared).await
    }

    /// Allows the caller these actions only (`*` stands for anything), everywhere; `None` makes it Owner again.
    pub fn restrict_caller(&self, actions: Option<Vec<String>>) {
        let access = match actions {
            None => Access::Owner,
            Some(actions) => Access::Given(vec![Grant::everywhere(actions)]),
        };
        self.shared.store.session().memory.insert(access);
    }

    /// Allows the caller what these grants add up to, each at its scope and below, and nothing else.
    pub fn grant_caller(&self, grants: Vec<Grant>) {
        let access = Access::Given(grants);
        self.shared.store.session().memory.insert(access);
    }

    /// Lets an external identity sign in as the emulator's client.
    pub fn federate(&self, credential: FederatedCredential) {
        self.shared.environment.entra.federate(credential);
    }

    /// The issuer of [`Emulator::issue_assertion`], for a [`FederatedCredential`].
    #[must_use]
    pub fn issuer(&self) -> String {
        self.shared.environment.entra.own_issuer()
    }

    /// A signed assertion as a cluster's issuer would give a service account. It is good for a token once
    /// [`Emulator::federate`] has been told of the issuer and subject.
    ///
    /// # Errors
    ///
    /// If it cannot be signed.
    pub fn issue_assertion(&self, subject: &str, lifetime: Duration) -> Result<String, EmulatorError> {
        self.shared
            .environment
            .entra
            .assertion(subject, lifetime, json::now())
    }

    /// Stores a resource as is: no validation, no operation. `id`, `name` and `type` are filled in if absent.
    ///
    /// # Errors
    ///
    /// If `id` is no ARM id, the body no object, or the state cannot be written.
    pub async fn put_resource(&self, id: &str, body: Value) -> Result<(), EmulatorError> {
        let id = parse(id)?;
        if !body.is_object() {
            return Err(EmulatorError::Argument("a resource is a JSON object".to_owned()));
        }
        self.shared
            .change(|state, now| store_as_is(state, &id, body, now))
            .await
    }

    /// A resource as a client would read it.
    pub async fn resource(&self, id: &str) -> Option<Value> {
        let key = ResourceId::parse(id)?.key();
        let environment = &self.shared.environment;
        self.shared
            .change(|state, now| types::read(state, environment, now, &key))
            .await
            .ok()
            .flatten()
    }

    /// Everything below an id, as clients would read it, in order of id; nothing where `id` is no ARM id.
    pub async fn resources(&self, id: &str) -> Vec<Value> {
        let Some(scope) = ResourceId::parse(id) else {
            return Vec::new();
        };
        let environment = &self.shared.environment;
        self.shared
            .change(|state, now| watch::below(state, environment, now, &scope.key()))
            .await
            .unwrap_or_default()
    }

    /// The operations that are under way on what is below an id; none where `id` is no ARM id.
    pub async fn operations(&self, id: &str) -> BTreeSet<String> {
        let Some(scope) = ResourceId::parse(id) else {
            return BTreeSet::new();
        };
        let below = format!("{}/", scope.key());
        self.shared
            .change(|state, _| {
                let mut running = state.operations.running();
                running.retain(|id| {
                    let operation = state.operations.get::<Operation>(id);
                    operation.is_some_and(|operation| operation.target.starts_with(&below))
                });
                running.into_iter().collect()
            })
            .await
            .unwrap_or_default()
    }

    /// Calls `watcher` after each change, whoever makes it, with everything below an id, and in place of any
    /// watcher before. So a test sees every state there is, also those that no reader would meet by chance.
    /// The watcher must not use the emulator.
    ///
    /// # Errors
    ///
    /// If `id` is no ARM id.
    pub fn watch(
        &self,
        id: &str,
        watcher: impl Fn(&[Value]) + Send + Sync + 'static,
    ) -> Result<(), EmulatorError> {
        let scope = parse(id)?.key();
        *self.shared.watch() = Some(Watch::new(scope, Arc::new(watcher)));
        Ok(())
    }

    /// Ends [`Emulator::watch`].
    pub fn unwatch(&self) {
        self.shared.watch().take();
    }

    /// Removes a resource and everything below it, asking nobody.
    ///
    /// # Errors
    ///
    /// If `id` is no ARM id or the state cannot be written.
    pub async fn remove_resource(&self, id: &str) -> Result<(), EmulatorError> {
        let key = parse(id)?.key();
        self.shared.change(|state, _| state.remove_tree(&key)).await
    }

    /// Attaches a disk to a VM, which need not exist.
    ///
    /// # Errors
    ///
    /// If there is no such disk.
    pub async fn attach_disk(&self, disk_id: &str, vm_id: &str) -> Result<(), EmulatorError> {
        attach(&self.shared, disk_id, vm_id).await
    }

    /// Detaches a disk.
    ///
    /// # Errors
    ///
    /// If there is no such disk.
    pub async fn detach_disk(&self, disk_id: &str) -> Result<(), EmulatorError> {
        detach(&self.shared, disk_id).await
    }

    /// Fills the group `seed` with so many disks, `disk-00000` and so on, and returns the group's name.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub async fn seed_disks(&self, count: usize) -> Result<&'static str, EmulatorError> {
        const GROUP: &str = "seed";
        let region = self.shared.environment.options.region.clone();
        let base = format!(
            "/subscriptions/{}/resourceGroups/{GROUP}",
            self.connection.subscription_id
        );
        let group = parse(&base)?;
        self.shared
            .change(|state, now| {
                let body = serde_json::json!({
                    "location": region, "properties": { "provisioningState": "Succeeded" }
                });
                store_as_is(state, &group, body, now);
                let kind = state.documents.intern(disks::KIND);
                for number in 0..count {
                    let id = group.extended("Microsoft.Compute", "disks", &format!("disk-{number:05}"));
                    let body = disks::sample(&id, &region, number, now).to_string();
                    let resource = Resource {
                        kind: kind.clone(),
                        body: body.into(),
                        created: now,
                        changed: now,
                    };
                    state.documents.insert(id.key().into(), resource);
                }
            })
            .await?;
        Ok(GROUP)
    }

    /// Waits until the emulator can no longer do what it is for: its state cannot be written. Everything that it
    /// acknowledged before is kept; from then on it answers every request with 500.
    pub async fn failed(&self) -> EmulatorError {
        EmulatorError::NotWritten(self.shared.store.failed().await)
    }

    /// Stops: connections end, the state is written and closed.
    pub async fn shutdown(mut self) {
        if let Some(running) = self.running.take() {
            // Stopping does not fail; if its thread were to panic there would be nothing left to stop.
            let _ = tokio::task::spawn_blocking(|| running.stop()).await;
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

fn serve_on_a_thread(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopped: oneshot::Receiver<()>,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = {
        let _guard = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    std::thread::Builder::new()
        .name("emulator".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server::serve(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        })
}

fn prepare(state_dir: Option<PathBuf>, port: u16) -> Result<Prepared, EmulatorError> {
    let durable = state_dir.is_some();
    let (directory, temporary) = match state_dir {
        Some(directory) => {
            platform::private_state_dir(&directory)
                .map_err(|error| EmulatorError::io("keep the state in", &directory, error))?;
            (directory, None)
        }
        None => {
            let temporary = tempfile::Builder::new()
                .prefix("kompox-emulator-")
                .tempdir()
                .map_err(|error| EmulatorError::io("create", std::env::temp_dir(), error))?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    let lock = if durable { Some(lock(&directory)?) } else { None };
    let loaded = if durable {
        Identity::load(&directory)?
    } else {
        None
    };
    let is_new = loaded.is_none();
    let mut identity = match loaded {
        Some(identity) => identity,
        None => Identity::generate()?,
    };
    let wanted = if port == 0 { identity.port } else { port };
    let listener = listen(wanted).map_err(|source| EmulatorError::Listen { port: wanted, source })?;
    let bound = listener
        .local_addr()
        .map_err(|source| EmulatorError::Listen { port: wanted, source })?
        .port();
    let moved = identity.port != bound;
    identity.port = bound;
    if durable && (is_new || moved) {
        identity.save(&directory)?;
    }
    identity.save_ca(&directory)?;
    let tls = identity.server_config()?;
    let store = Store::open::<Operation>(durable.then_some(directory.as_path()))?;
    Ok(Prepared {
        identity,
        directory,
        lock,
        temporary,
        listener,
        tls,
        store,
    })
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Holds the directory for this process; the lock ends with it, however it ends.
fn lock(directory: &Path) -> Result<File, EmulatorError> {
    let path = directory.join(platform::LOCK);
    let file = platform::open_private(&path).map_err(|error| EmulatorError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmulatorError::StateInUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(EmulatorError::io("lock", path, error)),
    }
}
