//! One embedded Azure, many worlds in it: each has a resource group of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use kompox_aks::AksFactory;
use kompox_arm::ArmOptions;
use kompox_azure_emulator::{Emulator, FaultPlan, Options};
use kompox_domain::driver::DriverFactory as _;
use kompox_domain::ids::{SteppingUlids, SystemUlids, UlidSource};
use kompox_domain::model::{AnyId, Ingress, Protection, VolumeKind};
use kompox_domain::{
    App, AppScope, Cluster, Context, Error, ErrorKind, Event, ProgressSink, Provider, ProviderDriver,
    ProviderScope, Result, Secret, SecretReader, SecretRef, SettingValue, Settings, Volume, VolumeOptions,
    naming,
};
use serde_json::Value;

use super::Ground;
use super::contents::Contents;
use super::moments::Moments;

/// The volumes of every world, and their sizes.
pub(crate) const VOLUMES: [(&str, &str); 2] = [("data", "8Gi"), ("db", "4Gi")];

/// An embedded Azure with room for many worlds.
#[derive(Debug)]
pub struct Cloud {
    /// The Azure.
    pub emulator: Emulator,
    pub(crate) app: AppScope,
    next: AtomicUsize,
}

/// Somebody at work: a process with a driver and a clock of its own.
pub struct Operator {
    /// The driver.
    pub driver: Arc<dyn ProviderDriver>,
    /// What goes along.
    pub cx: Context,
}

/// An app in a resource group of its own, which need not exist.
#[derive(Debug)]
pub struct World<'c> {
    /// Where it is.
    pub cloud: &'c Cloud,
    /// The app, with the volumes `data` and `db`.
    pub app: AppScope,
    group: String,
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

fn settings<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Settings {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), SettingValue::Plain(value.to_owned())))
        .collect()
}

fn parse<T: std::str::FromStr>(text: &str) -> T
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

    /// A new world with nothing in it.
    pub fn world(&self) -> World<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let group = format!("rg-world-{number:06}");
        let mut app = self.app.clone();
        app.app.settings = settings([("AZURE_RESOURCE_GROUP_NAME", group.as_str())]);
        World {
            cloud: self,
            app,
            group,
        }
    }

    /// Sets what goes wrong.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.emulator.set_faults(plan).expect("a valid plan");
    }
}

impl World<'_> {
    /// A volume of the app.
    #[must_use]
    pub fn volume(&self, name: &str) -> &Volume {
        self.app
            .app
            .volume(&parse(name))
            .expect("every world has this volume")
    }

    /// The id of the resource group.
    #[must_use]
    pub fn group_id(&self) -> String {
        let subscription = &self.cloud.emulator.connection().subscription_id;
        format!("/subscriptions/{subscription}/resourceGroups/{}", self.group)
    }

    /// The id of a disk or snapshot (`kind`) of the resource group.
    #[must_use]
    pub fn compute_id(&self, kind: &str, resource: &str) -> String {
        format!(
            "{}/providers/Microsoft.Compute/{kind}/{resource}",
            self.group_id()
        )
    }

    /// The id of a disk or snapshot (`kind`) of a volume.
    #[must_use]
    pub fn id(&self, kind: &str, volume: &str, item: &str) -> String {
        let name = naming::item_resource_name(&parse(volume), &self.app.id_hash(), &item);
        self.compute_id(kind, &name)
    }

    /// Everything in the resource group, as it is now.
    pub async fn contents(&self) -> Contents {
        let resources = self.cloud.emulator.resources(&self.group_id()).await;
        Contents::read(&resources, self.app.id_hash().as_str())
    }

    /// Stores a resource, asking nobody.
    pub async fn put(&self, id: &str, resource: Value) {
        let stored = self.cloud.emulator.put_resource(id, resource).await;
        stored.expect("a resource in memory can be stored");
    }

    /// Changes a resource, asking nobody.
    pub async fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let found = self.cloud.emulator.resource(id).await;
        let mut resource = found.expect("what is changed is there");
        change(&mut resource);
        self.put(id, resource).await;
    }

    /// Looks at every state from now on, until another world is watched or this one is removed.
    pub async fn watch(&self, may_leave_none: bool) -> Moments {
        let moments = Moments::new(self.app.id_hash().as_str(), may_leave_none);
        let resources = self.cloud.emulator.resources(&self.group_id()).await;
        moments.look(&resources);
        let watcher = moments.clone();
        self.cloud
            .emulator
            .watch(&self.group_id(), move |resources| watcher.look(resources))
            .expect("the group's id is one");
        moments
    }

    /// Lists the disks with a driver, and demands that the assigned ones are those of the last moment.
    ///
    /// # Errors
    /// What is not so.
    pub async fn read(&self, reader: &Operator, moments: &Moments) -> std::result::Result<(), String> {
        let listed = reader
            .driver
            .disk_list(&reader.cx, &self.app, &self.app.app.volumes)
            .await;
        let disks = listed.map_err(|error| format!("a reader cannot list the disks: {error:?}"))?;
        moments.compare(&disks)
    }
}

#[async_trait(?Send)]
impl<'c> Ground<'c> for World<'c> {
    type Watch = Moments;

    fn new(cloud: &'c Cloud) -> Self {
        cloud.world()
    }

    async fn copy(&self) -> Self {
        let copy = self.cloud.world();
        let emulator = &self.cloud.emulator;
        let mut all: Vec<Value> = emulator.resource(&self.group_id()).await.into_iter().collect();
        all.extend(emulator.resources(&self.group_id()).await);
        for resource in all {
            let text = resource.to_string().replace(&self.group, &copy.group);
            let resource: Value =
                serde_json::from_str(&text).expect("a name for a name leaves JSON as it is");
            let id = resource["id"].as_str().unwrap_or_default().to_owned();
            copy.put(&id, resource).await;
        }
        copy
    }

    async fn sign_in(&self, operator: &Operator) -> Result<()> {
        let Operator { driver, cx } = operator;
        let listed = driver.disk_list(cx, &self.app, &self.app.app.volumes).await;
        listed.map(drop)
    }

    /// A group only prepares what is asked for.
    async fn held(&self) -> String {
        let contents = self.contents().await;
        let disks = contents.disks.values().map(|disk| disk.raw.to_string());
        let all: Vec<String> = disks
            .chain(contents.snapshots.values().map(Value::to_string))
            .collect();
        all.join("\n")
    }

    async fn remove(self) {
        self.cloud.emulator.unwatch();
        let removed = self.cloud.emulator.remove_resource(&self.group_id()).await;
        removed.expect("a group can be removed");
    }
}
