//! The world in which the suite tests the toy driver: a directory, and the apps of the driver in memory.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use kompox_domain::model::ProviderId;
use kompox_domain::{
    AppScope, Context, DriverFactory, Error, ErrorKind, ProgressSink, Provider, ProviderDriver,
    ProviderScope, Result, Secret, SecretReader, SecretRef, SettingValue,
};
use kompox_driver_conformance::Harness;
use kompox_driver_conformance::memory::MemoryHarness;

use super::files::{ATTACHED_TO, set_tag};

/// The world, which all drivers of this harness share.
pub(super) struct ToyHarness {
    /// Makes the drivers.
    pub(super) factory: Box<dyn DriverFactory>,
    /// The setting that names the directory.
    pub(super) setting: &'static str,
    pub(super) root: PathBuf,
    /// Makes up contexts and apps.
    pub(super) apps: MemoryHarness,
}

#[async_trait]
impl Harness for ToyHarness {
    #[expect(clippy::expect_used, reason = "without a driver there is nothing to test")]
    fn driver(&self) -> Arc<dyn ProviderDriver> {
        let directory = SettingValue::Plain(self.root.display().to_string());
        let provider = Provider {
            id: ProviderId {
                workspace: None,
                provider: "toy".parse().expect("a valid name"),
            },
            driver: self.factory.name().to_owned(),
            settings: [(self.setting.to_owned(), directory)].into_iter().collect(),
        };
        let scope = ProviderScope {
            provider,
            clusters: vec![],
            apps: vec![],
        };
        assert_eq!(self.factory.check(&scope), []);
        self.factory
            .build(&scope, &NoSecrets)
            .expect("all settings are there")
    }

    fn context(&self, progress: Arc<dyn ProgressSink>) -> Context {
        self.apps.context(progress)
    }

    async fn fresh_app(&self) -> AppScope {
        self.apps.fresh_app().await
    }

    async fn attach(&self, handle: &str) -> bool {
        let file = self.root.join(handle.trim_start_matches('/'));
        set_tag(&file, ATTACHED_TO, Some("machine-1")).is_ok()
    }

    async fn detach(&self, handle: &str) -> bool {
        let file = self.root.join(handle.trim_start_matches('/'));
        set_tag(&file, ATTACHED_TO, None).is_ok()
    }
}

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        let message = format!("{reference}: driver toy has no secrets");
        Err(Error::new(ErrorKind::InvalidInput, message))
    }
}
