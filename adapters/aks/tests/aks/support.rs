//! A world with one app, and short ways to do things in it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kompox_aks::AksFactory;
use kompox_arm::ArmOptions;
use kompox_azure_emulator::{Emulator, FaultPlan, FaultRule, Options};
use kompox_domain::driver::{DiskCreate, DriverFactory as _, SnapshotCreate, SnapshotRestore};
use kompox_domain::ids::SystemUlids;
use kompox_domain::model::{AnyId, App, Cluster, Ingress, Protection, Provider, Volume, VolumeKind};
use kompox_domain::options::OptionValue;
use kompox_domain::progress::WarningKind;
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::volume::{Deletion, VolumeDisk, VolumeSnapshot};
use kompox_domain::{
    AppScope, ByteSize, Context, Error, ErrorKind, Event, ProgressSink, ProviderDriver, ProviderScope,
    Result, Secret, SecretReader, SecretRef, VolumeOptions, naming,
};
use serde_json::Value;

pub(crate) const GROUP: &str = "rg-app";

pub(crate) struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("{reference} is not there"),
        ))
    }
}

/// Keeps what was told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Event>>);

impl ProgressSink for Told {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Told {
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn warnings(&self) -> Vec<(WarningKind, String)> {
        let events = self.0.lock().unwrap();
        let warning = |event: &Event| match event {
            Event::Warning { kind, message, hints } => {
                let told: Vec<String> = std::iter::once(message.clone())
                    .chain(hints.iter().map(ToString::to_string))
                    .collect();
                Some((*kind, told.join("; ")))
            }
            _ => None,
        };
        events.iter().filter_map(warning).collect()
    }

    pub(crate) fn states(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let state = |event: &Event| match event {
            Event::Progress { state, .. } => Some(state.clone()),
            _ => None,
        };
        events.iter().filter_map(state).collect()
    }
}

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) driver: Arc<dyn ProviderDriver>,
    pub(crate) cx: Context,
    pub(crate) told: Arc<Told>,
    pub(crate) app: AppScope,
}

pub(crate) fn settings<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Settings {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), SettingValue::Plain(value.to_owned())))
        .collect()
}

pub(crate) fn volume(name: &str, size: &str, kind: VolumeKind, options: VolumeOptions) -> Volume {
    Volume {
        name: name.parse().unwrap(),
        size: size.parse().unwrap(),
        kind,
        options,
    }
}

pub(crate) fn sku(sku: &str) -> VolumeOptions {
    [("sku".to_owned(), OptionValue::Text(sku.to_owned()))]
        .into_iter()
        .collect()
}

/// An app of the test provider in a group of its own.
pub(crate) fn app(name: &str, group: &str) -> AppScope {
    let AnyId::App(id) = format!("/ws/ws1/prv/prv1/cls/c1/app/{name}").parse().unwrap() else {
        unreachable!()
    };
    let ingress = Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap());
    let cluster = Cluster {
        id: id.cluster.clone(),
        existing: false,
        protection: Protection::default(),
        ingress,
        settings: settings([("AZURE_RESOURCE_GROUP_NAME", "rg-cluster")]),
    };
    let volumes = vec![
        volume("db", "4Gi", VolumeKind::Disk, VolumeOptions::default()),
        volume("data", "8Gi", VolumeKind::Disk, VolumeOptions::default()),
        volume("share", "1Gi", VolumeKind::Files, VolumeOptions::default()),
    ];
    let settings = settings([("AZURE_RESOURCE_GROUP_NAME", group)]);
    AppScope {
        cluster,
        app: App {
            id,
            zone: None,
            volumes,
            settings,
        },
    }
}

pub(crate) fn driver(
    emulator: &Emulator,
    app: &AppScope,
    more: &[(&str, &str)],
) -> Result<Arc<dyn ProviderDriver>> {
    driver_of(&factory(), emulator, app, more)
}

/// A factory of drivers that are in a hurry.
pub(crate) fn factory() -> AksFactory {
    AksFactory::with_options(ArmOptions {
        backoff: Duration::from_millis(1),
        poll: Duration::from_millis(1),
        concurrency: 16,
    })
}

pub(crate) fn driver_of(
    factory: &AksFactory,
    emulator: &Emulator,
    app: &AppScope,
    more: &[(&str, &str)],
) -> Result<Arc<dyn ProviderDriver>> {
    let connection = emulator.connection().settings();
    let pairs = connection
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .chain(more.iter().copied());
    let provider = Provider {
        id: app.app.id.cluster.provider.clone(),
        driver: "aks".to_owned(),
        settings: settings(pairs.collect::<Vec<_>>()),
    };
    let scope = ProviderScope {
        provider,
        clusters: vec![app.cluster.clone()],
        apps: vec![app.app.clone()],
    };
    factory.build(&scope, &NoSecrets)
}

pub(crate) fn context() -> (Context, Arc<Told>) {
    let told = Arc::new(Told::default());
    let progress: Arc<dyn ProgressSink> = Arc::clone(&told) as _;
    (Context::new(progress, Arc::new(SystemUlids::default())), told)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let app = app("app1", GROUP);
        let driver = driver(&emulator, &app, &[]).unwrap();
        let (cx, told) = context();
        Self {
            emulator,
            driver,
            cx,
            told,
            app,
        }
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        self.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    }

    pub(crate) fn volume(&self, name: &str) -> &Volume {
        self.app.app.volume(&name.parse().unwrap()).unwrap()
    }

    pub(crate) fn deadline(&self, from_now: Duration) -> Context {
        context().0.with_deadline(Instant::now() + from_now)
    }

    pub(crate) fn id(&self, kind: &str, volume: &str, item: &str) -> String {
        let name = naming::item_resource_name(&volume.parse().unwrap(), &self.app.id_hash(), &item);
        let subscription = &self.emulator.connection().subscription_id;
        format!(
            "/subscriptions/{subscription}/resourceGroups/{GROUP}/providers/Microsoft.Compute/{kind}/{name}"
        )
    }

    pub(crate) fn group_id(&self, group: &str) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{group}",
            self.emulator.connection().subscription_id
        )
    }

    pub(crate) async fn raw(&self, kind: &str, volume: &str, item: &str) -> Option<Value> {
        self.emulator.resource(&self.id(kind, volume, item)).await
    }

    pub(crate) async fn create(&self, volume: &str, name: &str) -> Result<VolumeDisk> {
        self.create_with(volume, new_disk(name)).await
    }

    pub(crate) async fn create_with(&self, volume: &str, request: DiskCreate) -> Result<VolumeDisk> {
        self.driver
            .volumes()
            .unwrap()
            .disk_create(&self.cx, &self.app, self.volume(volume), &request)
            .await
    }

    pub(crate) async fn assign(&self, volume: &str, name: &str) -> Result<VolumeDisk> {
        self.driver
            .volumes()
            .unwrap()
            .disk_assign(&self.cx, &self.app, self.volume(volume), &name.parse().unwrap())
            .await
    }

    pub(crate) async fn delete(&self, volume: &str, name: &str, force: bool) -> Result<Deletion> {
        self.driver
            .volumes()
            .unwrap()
            .disk_delete(
                &self.cx,
                &self.app,
                self.volume(volume),
                &name.parse().unwrap(),
                force,
            )
            .await
    }

    pub(crate) async fn disks(&self, volume: &str) -> Result<Vec<VolumeDisk>> {
        self.driver
            .volumes()
            .unwrap()
            .disk_list(&self.cx, &self.app, std::slice::from_ref(self.volume(volume)))
            .await
    }

    pub(crate) async fn snapshot(&self, volume: &str, name: &str) -> Result<VolumeSnapshot> {
        self.snapshot_with(
            volume,
            SnapshotCreate {
                name: name.parse().unwrap(),
                source: None,
            },
        )
        .await
    }

    pub(crate) async fn snapshot_with(
        &self,
        volume: &str,
        request: SnapshotCreate,
    ) -> Result<VolumeSnapshot> {
        self.driver
            .volumes()
            .unwrap()
            .snapshot_create(&self.cx, &self.app, self.volume(volume), &request)
            .await
    }

    pub(crate) async fn snapshots(&self, volume: &str) -> Result<Vec<VolumeSnapshot>> {
        self.driver
            .volumes()
            .unwrap()
            .snapshot_list(&self.cx, &self.app, std::slice::from_ref(self.volume(volume)))
            .await
    }

    pub(crate) async fn delete_snapshot(&self, volume: &str, name: &str) -> Result<Deletion> {
        self.driver
            .volumes()
            .unwrap()
            .snapshot_delete(&self.cx, &self.app, self.volume(volume), &name.parse().unwrap())
            .await
    }

    pub(crate) async fn restore(&self, volume: &str, snapshot: &str, disk: &str) -> Result<VolumeDisk> {
        self.restore_with(volume, restored(snapshot, disk)).await
    }

    pub(crate) async fn restore_with(&self, volume: &str, request: SnapshotRestore) -> Result<VolumeDisk> {
        self.driver
            .volumes()
            .unwrap()
            .snapshot_restore(&self.cx, &self.app, self.volume(volume), &request)
            .await
    }

    /// The names of the assigned disks; more or less than one is a fault, once there was one.
    pub(crate) async fn assigned(&self, volume: &str) -> Vec<String> {
        let disks = self.disks(volume).await.unwrap();
        disks
            .iter()
            .filter(|disk| disk.assigned)
            .map(|disk| disk.record.name.to_string())
            .collect()
    }
}

pub(crate) fn new_disk(name: &str) -> DiskCreate {
    DiskCreate {
        name: name.parse().unwrap(),
        source: None,
        zone: None,
        options: VolumeOptions::default(),
    }
}

pub(crate) fn restored(snapshot: &str, disk: &str) -> SnapshotRestore {
    SnapshotRestore {
        snapshot: snapshot.parse().unwrap(),
        disk: disk.parse().unwrap(),
        zone: None,
        options: VolumeOptions::default(),
        resume: false,
    }
}

pub(crate) fn gib(gib: u64) -> ByteSize {
    ByteSize::from_gib(gib).unwrap()
}

/// A number that is new each time, for names.
pub(crate) fn unique() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
