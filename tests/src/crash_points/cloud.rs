//! An embedded Azure, and those who work on it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, SystemTime};

use kompox_aks::AksFactory;
use kompox_arm::ArmOptions;
use kompox_azure_emulator::{Emulator, FaultPlan, Options};
use kompox_domain::driver::DriverFactory as _;
use kompox_domain::ids::{SteppingUlids, SystemUlids, UlidSource};
use kompox_domain::model::{AnyId, Ingress, Protection, VolumeKind};
use kompox_domain::{
    App, AppScope, Cluster, Context, Error, ErrorKind, Event, ProgressSink, Provider, ProviderDriver,
    ProviderScope, Result, Secret, SecretReader, SecretRef, SettingValue, Settings, Volume, VolumeOptions,
};

use super::contents::VOLUMES;

/// An embedded Azure with room for many worlds.
#[derive(Debug)]
pub struct Cloud {
    /// The Azure.
    pub emulator: Emulator,
    pub(crate) app: AppScope,
    pub(super) next: AtomicUsize,
}

/// Somebody at work: a process with a driver and a clock of its own.
pub struct Operator {
    /// The driver.
    pub driver: Arc<dyn ProviderDriver>,
    /// What goes along.
    pub cx: Context,
}

struct Silent;

impl ProgressSink for Silent {
    fn emit(&self, _event: Event) {}
}

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        let message = format!("{reference} is not there");
        Err(Error::new(ErrorKind::InvalidInput, message))
    }
}

pub(super) fn settings<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Settings {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), SettingValue::Plain(value.to_owned())))
        .collect()
}

pub(super) fn parse<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("names in tests are valid")
}

fn app_scope() -> AppScope {
    let AnyId::App(id) = parse("/ws/ws1/prv/prv1/cls/c1/app/app1") else {
        panic!("the id of an app is the id of an app")
    };
    let ingress = Ingress::new(parse("traefik"), parse("traefik"));
    let cluster = Cluster {
        id: id.cluster.clone(),
        existing: false,
        protection: Protection::default(),
        ingress,
        settings: Settings::default(),
    };
    let volumes = VOLUMES.map(|(name, size)| Volume {
        name: parse(name),
        size: parse(size),
        kind: VolumeKind::Disk,
        options: VolumeOptions::default(),
    });
    let app = App {
        id,
        zone: None,
        volumes: volumes.into(),
        settings: Settings::default(),
    };
    AppScope { cluster, app }
}

impl Cloud {
    /// Starts one.
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, |_| Vec::new()).await
    }

    /// Starts one in which the cluster has some settings beside its group, as its subscription asks for.
    pub async fn start_with(
        options: Options,
        more: impl FnOnce(&str) -> Vec<(&'static str, String)>,
    ) -> Self {
        let emulator = Emulator::start(options).await.expect("the emulator starts");
        let mut app = app_scope();
        let more = more(&emulator.connection().subscription_id);
        let group = ("AZURE_RESOURCE_GROUP_NAME", "rg-cluster");
        let pairs = more.iter().map(|(key, value)| (*key, value.as_str()));
        app.cluster.settings = settings(std::iter::once(group).chain(pairs));
        Self {
            emulator,
            app,
            next: AtomicUsize::new(0),
        }
    }

    /// The app, without a place for disks.
    #[must_use]
    pub const fn app(&self) -> &AppScope {
        &self.app
    }

    /// Somebody who has just come, with the clock of this machine.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator_with(Arc::new(SystemUlids::default()), &self.app.cluster)
    }

    /// Somebody in whose configuration the cluster has these settings too, in place of what it has.
    #[must_use]
    pub fn operator_wanting(&self, pairs: &[(&str, &str)]) -> Operator {
        let mut cluster = self.app.cluster.clone();
        let has = cluster
            .settings
            .iter()
            .map(|(key, value)| (key.to_owned(), value.clone()));
        let wants = pairs.iter();
        let wants = wants.map(|(key, value)| ((*key).to_owned(), SettingValue::Plain((*value).to_owned())));
        cluster.settings = has.chain(wants).collect();
        self.operator_with(Arc::new(SystemUlids::default()), &cluster)
    }

    /// Somebody whose clock is off by so many seconds.
    #[must_use]
    pub fn operator_late_by(&self, seconds: u64) -> Operator {
        let start = SystemTime::now() - Duration::from_secs(seconds);
        self.operator_with(Arc::new(SteppingUlids::starting_at(start)), &self.app.cluster)
    }

    fn operator_with(&self, ulids: Arc<dyn UlidSource>, cluster: &Cluster) -> Operator {
        let connection = self.emulator.connection().settings();
        let pairs = connection
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let scope = ProviderScope {
            provider: Provider {
                id: self.app.app.id.cluster.provider.clone(),
                driver: "aks".to_owned(),
                settings: settings(pairs),
            },
            clusters: vec![cluster.clone()],
            apps: vec![],
        };
        let options = ArmOptions {
            backoff: Duration::ZERO,
            poll: Duration::from_millis(1),
            concurrency: 16,
        };
        let driver = AksFactory::with_options(options)
            .build(&scope, &NoSecrets)
            .expect("the driver accepts the emulator's settings");
        Operator {
            driver,
            cx: Context::new(Arc::new(Silent), ulids),
        }
    }

    /// Sets what goes wrong.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.emulator.set_faults(plan).expect("a valid plan");
    }
}
