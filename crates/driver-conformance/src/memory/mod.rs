//! A driver whose cloud is memory: stricter than a real one, and exact to the request.
//!
//! Nothing happens at once. A disk is `Creating` before it is `Ready` and `Deleting` before it is gone, a snapshot
//! copies for a while, and only requests, anybody's, let time pass: so what a dropped call had asked for goes on
//! while others work. Whatever is not ready is refused as a source. [`MemoryCloud::fail_at`] makes one request go
//! wrong in a chosen way.

mod cloud;
mod driver;
mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kompox_domain::ids::{SystemUlids, UlidSource};
use kompox_domain::model::{AppId, ClusterId, Ingress, Protection, ProviderId, VolumeKind};
use kompox_domain::name::InvalidName;
use kompox_domain::{
    App, AppScope, ByteSize, Cluster, Context, Label, ProgressSink, ProviderDriver, Settings, Volume,
    VolumeOptions,
};

pub use cloud::{Fault, MemoryCloud};
pub use driver::MemoryDriver;

use crate::harness::Harness;

/// A harness whose world is a [`MemoryCloud`].
pub struct MemoryHarness {
    cloud: MemoryCloud,
    ulids: Arc<SystemUlids>,
    apps: AtomicUsize,
    wrap: Wrap,
}

/// Makes the driver under test of the one in memory.
type Wrap = Arc<dyn Fn(MemoryDriver) -> Arc<dyn ProviderDriver> + Send + Sync>;

impl Default for MemoryHarness {
    fn default() -> Self {
        Self::wrapping(|driver| Arc::new(driver))
    }
}

impl MemoryHarness {
    /// A harness for drivers that stand on the one in memory.
    pub fn wrapping(wrap: impl Fn(MemoryDriver) -> Arc<dyn ProviderDriver> + Send + Sync + 'static) -> Self {
        Self {
            cloud: MemoryCloud::default(),
            ulids: Arc::default(),
            apps: AtomicUsize::new(0),
            wrap: Arc::new(wrap),
        }
    }

    /// The world.
    #[must_use]
    pub const fn cloud(&self) -> &MemoryCloud {
        &self.cloud
    }
}

#[async_trait]
impl Harness for MemoryHarness {
    fn driver(&self) -> Arc<dyn ProviderDriver> {
        (self.wrap)(MemoryDriver::new(self.cloud.clone()))
    }

    fn context(&self, progress: Arc<dyn ProgressSink>) -> Context {
        Context::new(progress, Arc::clone(&self.ulids) as Arc<dyn UlidSource>)
    }

    #[expect(
        clippy::expect_used,
        reason = "nothing in an app depends on what anybody says"
    )]
    async fn fresh_app(&self) -> AppScope {
        let number = self.apps.fetch_add(1, Ordering::Relaxed);
        app(number).expect("names made of valid constants and a number are valid")
    }

    async fn attach(&self, handle: &str) -> bool {
        self.cloud.attach(handle, "/memory/machines/node-1")
    }

    async fn detach(&self, handle: &str) -> bool {
        self.cloud.detach(handle)
    }
}

/// The app of that number: volumes `db` and `data`, and the file share `files`.
fn app(number: usize) -> Result<AppScope, InvalidName> {
    let provider = ProviderId {
        workspace: Some("conformance".parse()?),
        provider: "memory".parse()?,
    };
    let id = ClusterId {
        provider,
        cluster: "c1".parse()?,
    };
    let traefik: Label = "traefik".parse()?;
    let cluster = Cluster {
        id: id.clone(),
        existing: false,
        protection: Protection::default(),
        ingress: Ingress::new(traefik.clone(), traefik),
        settings: Settings::default(),
    };
    let mut volumes = Vec::new();
    for (name, kind) in [
        ("db", VolumeKind::Disk),
        ("files", VolumeKind::Files),
        ("data", VolumeKind::Disk),
    ] {
        let Ok(size) = ByteSize::from_gib(1) else { continue };
        volumes.push(Volume {
            name: name.parse()?,
            size,
            kind,
            options: VolumeOptions::default(),
        });
    }
    let app = App {
        id: AppId {
            cluster: id,
            app: format!("app{number}").parse()?,
        },
        zone: None,
        volumes,
        settings: Settings::default(),
    };
    Ok(AppScope { cluster, app })
}
