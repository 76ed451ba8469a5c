//! A small configuration, a context, and a driver that expects nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use kompox_domain::hint::in_words;
use kompox_domain::ids::SteppingUlids;
use kompox_domain::model::{AnyId, AppId, ClusterId, Ingress, Protection, ProviderId, VolumeKind};
use kompox_domain::progress::{Event, ProgressSink};
use kompox_domain::volume::{Creation, DiskRecord, Percent};
use kompox_domain::{
    Ability, App, AppScope, ByteSize, Catalog, Cluster, ClusterDriver, Context, DiskMount, DnsDriver, Error,
    ErrorKind, IngressDriver, MockClusterDriver, MockDnsDriver, MockIngressDriver, MockMountDriver,
    MockVolumeDriver, MountDriver, Operation, Provider, ProviderDriver, Settings, Volume, VolumeClass,
    VolumeDisk, VolumeDriver, VolumeOptions, VolumeSnapshot, Workspace, WriteOutcome,
};

pub(crate) fn provider_id(text: &str) -> ProviderId {
    match text.parse() {
        Ok(AnyId::Provider(id)) => id,
        other => panic!("{text} is not a provider's id: {other:?}"),
    }
}

pub(crate) fn cluster_id(text: &str) -> ClusterId {
    match text.parse() {
        Ok(AnyId::Cluster(id)) => id,
        other => panic!("{text} is not a cluster's id: {other:?}"),
    }
}

pub(crate) fn app_id(text: &str) -> AppId {
    match text.parse() {
        Ok(AnyId::App(id)) => id,
        other => panic!("{text} is not an app's id: {other:?}"),
    }
}

pub(crate) fn provider(id: &str, driver: &str) -> Provider {
    Provider {
        id: provider_id(id),
        driver: driver.to_owned(),
        settings: Settings::default(),
    }
}

fn cluster(id: &ClusterId) -> Cluster {
    Cluster {
        id: id.clone(),
        existing: false,
        protection: Protection::default(),
        ingress: Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap()),
        settings: Settings::default(),
    }
}

fn application(id: AppId, volumes: &[&str]) -> App {
    App {
        id,
        zone: None,
        volumes: volumes.iter().map(|name| volume(name)).collect(),
        settings: Settings::default(),
    }
}

/// A catalog of these apps with all that they need, and of these clusters without an app.
pub(crate) fn catalog(apps: &[&str], empty_clusters: &[&str]) -> Catalog {
    let apps: Vec<AppId> = apps.iter().map(|id| app_id(id)).collect();
    let empty = empty_clusters.iter().map(|id| cluster_id(id));
    let clusters: BTreeSet<ClusterId> = apps.iter().map(|id| id.cluster.clone()).chain(empty).collect();
    let providers: BTreeSet<ProviderId> = clusters.iter().map(|id| id.provider.clone()).collect();
    let workspaces: BTreeSet<_> = providers.iter().filter_map(|id| id.workspace.clone()).collect();
    Catalog::new(
        workspaces.into_iter().map(|name| Workspace { name }).collect(),
        providers
            .iter()
            .map(|id| provider(&id.to_string(), "mock"))
            .collect(),
        clusters.iter().map(cluster).collect(),
        apps.into_iter().map(|id| application(id, &["db"])).collect(),
    )
    .unwrap()
}

/// A volume; one called `files` is a file share.
pub(crate) fn volume(name: &str) -> Volume {
    Volume {
        name: name.parse().unwrap(),
        size: ByteSize::from_gib(1).unwrap(),
        kind: if name == "files" {
            VolumeKind::Files
        } else {
            VolumeKind::Disk
        },
        options: VolumeOptions::default(),
    }
}

/// An app with these volumes.
pub(crate) fn scope(volumes: &[&str]) -> AppScope {
    let id = app_id("/ws/w/prv/p/cls/c/app/a");
    AppScope {
        cluster: cluster(&id.cluster),
        app: application(id, volumes),
    }
}

#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Event>>);

impl ProgressSink for Recorder {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Recorder {
    pub(crate) fn warnings(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        events
            .iter()
            .filter_map(|event| {
                if let Event::Warning { message, hints, .. } = event {
                    Some(match in_words(hints).as_str() {
                        "" => message.clone(),
                        hints => format!("{message} ({hints})"),
                    })
                } else {
                    None
                }
            })
            .collect()
    }
}

pub(crate) fn context() -> (Context, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let ulids = Arc::new(SteppingUlids::starting_at(start));
    (Context::new(Arc::clone(&recorder) as _, ulids), recorder)
}

/// A driver of mocks, of which it hands out those that it was made with.
pub(crate) struct MockDriver {
    abilities: Vec<Ability>,
    volumes: Arc<MockVolumeDriver>,
    mounts: Arc<MockMountDriver>,
    clusters: Arc<MockClusterDriver>,
    ingress: Arc<MockIngressDriver>,
    dns: Arc<MockDnsDriver>,
}

/// The mock, to expect something of, before the driver is used.
fn own<T>(mock: &mut Arc<T>) -> &mut T {
    let Some(mock) = Arc::get_mut(mock) else {
        panic!("somebody has been handed the mock already")
    };
    mock
}

impl MockDriver {
    pub(crate) fn on_volumes(&mut self) -> &mut MockVolumeDriver {
        own(&mut self.volumes)
    }

    pub(crate) fn on_mounts(&mut self) -> &mut MockMountDriver {
        own(&mut self.mounts)
    }

    pub(crate) fn on_clusters(&mut self) -> &mut MockClusterDriver {
        own(&mut self.clusters)
    }

    pub(crate) fn on_ingress(&mut self) -> &mut MockIngressDriver {
        own(&mut self.ingress)
    }

    pub(crate) fn on_dns(&mut self) -> &mut MockDnsDriver {
        own(&mut self.dns)
    }

    fn has(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }
}

impl ProviderDriver for MockDriver {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn volumes(&self) -> Option<Arc<dyn VolumeDriver>> {
        self.has(Ability::Volumes).then(|| Arc::clone(&self.volumes) as _)
    }

    fn mounts(&self) -> Option<Arc<dyn MountDriver>> {
        self.has(Ability::Mounts).then(|| Arc::clone(&self.mounts) as _)
    }

    fn clusters(&self) -> Option<Arc<dyn ClusterDriver>> {
        self.has(Ability::Clusters)
            .then(|| Arc::clone(&self.clusters) as _)
    }

    fn ingress(&self) -> Option<Arc<dyn IngressDriver>> {
        self.has(Ability::Ingress).then(|| Arc::clone(&self.ingress) as _)
    }

    fn dns(&self) -> Option<Arc<dyn DnsDriver>> {
        self.has(Ability::Dns).then(|| Arc::clone(&self.dns) as _)
    }
}

/// A driver with the abilities that these operations are part of, which expects no call. It has no file shares.
pub(crate) fn driver(operations: &[Operation]) -> MockDriver {
    let mut driver = MockDriver {
        abilities: operations.iter().map(|operation| operation.ability()).collect(),
        volumes: Arc::default(),
        mounts: Arc::default(),
        clusters: Arc::default(),
        ingress: Arc::default(),
        dns: Arc::default(),
    };
    driver
        .on_volumes()
        .expect_volume_class()
        .returning(|_, volume| match volume.kind {
            VolumeKind::Disk => Ok(VolumeClass {
                storage_class: "mock",
                csi_driver: "mock",
                fs_type: "ext4",
                access_modes: &["ReadWriteOnce"],
                reclaim_policy: "Retain",
                volume_mode: "Filesystem",
            }),
            VolumeKind::Files => Err(error(ErrorKind::Unsupported, "driver mock has no file shares")),
        });
    driver.on_volumes().expect_disk_mount().returning(|_, _, disk| {
        Ok(DiskMount {
            handle: disk.handle.to_uppercase(),
            attributes: BTreeMap::new(),
            node_labels: BTreeMap::new(),
        })
    });
    driver
}

pub(crate) fn disk(volume: &str, name: &str, assigned: bool) -> VolumeDisk {
    VolumeDisk {
        assigned,
        record: DiskRecord {
            name: name.parse().unwrap(),
            volume: volume.parse().unwrap(),
            flagged: assigned,
            assigned_at: None,
            size: Some(ByteSize::from_gib(1).unwrap()),
            sector_size: None,
            zone: None,
            options: VolumeOptions::default(),
            handle: format!("/disks/{volume}-{name}"),
            created_at: None,
            updated_at: None,
            state: None,
            provisioning_state: Some("Succeeded".to_owned()),
            creation: Creation::Done,
            attached_to: vec![],
        },
    }
}

pub(crate) fn snapshot(volume: &str, name: &str) -> VolumeSnapshot {
    VolumeSnapshot {
        name: name.parse().unwrap(),
        volume: volume.parse().unwrap(),
        size: Some(ByteSize::from_gib(1).unwrap()),
        sector_size: None,
        options: VolumeOptions::default(),
        handle: format!("/snapshots/{volume}-{name}"),
        created_at: None,
        updated_at: None,
        source_disk: None,
        completion_percent: Percent::DONE,
        provisioning_state: Some("Succeeded".to_owned()),
        creation: Creation::Done,
    }
}

/// A write of a driver that ended so.
pub(crate) fn write(cx: &Context, outcome: WriteOutcome) {
    let write = cx.write();
    match outcome {
        WriteOutcome::NotDone => write.refused(),
        WriteOutcome::Unknown => write.may_have_taken_effect(),
    }
}

pub(crate) fn error(kind: ErrorKind, message: &str) -> Error {
    Error::new(kind, message)
}

/// The message and those of all causes. None may repeat another.
pub(crate) fn chain(error: &Error) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        messages.push(cause.to_string());
        next = cause.source();
    }
    for (index, outer) in messages.iter().enumerate() {
        for inner in messages.iter().skip(index + 1) {
            assert!(!outer.contains(inner.as_str()), "{outer:?} repeats {inner:?}");
        }
    }
    messages
}
