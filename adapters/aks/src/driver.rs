//! The driver: each operation of the port, handed on to where it is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kompox_arm::{ArmClient, ArmOptions, ResourceId};
use kompox_domain::cluster::{AccessToken, Check, ClusterStatus, Plan};
use kompox_domain::dns::DnsReport;
use kompox_domain::driver::{
    ClusterDriver, DeprovisionRequest, DiskCreate, DnsDriver, DnsRequest, IngressDriver, InstallRequest,
    KubeconfigRequest, Mode, MountDriver, ProviderDriver, ProvisionRequest, SnapshotCreate, SnapshotRestore,
    UninstallRequest, VolumeDriver, VolumeOption,
};
use kompox_domain::model::ClusterId;
use kompox_domain::volume::{Deletion, DiskRecord, VolumeClass, VolumeDisk, VolumeSnapshot};
use kompox_domain::{
    App, AppScope, Cluster, Context, DiskMount, DiskName, Error, ErrorKind, Result, Secret, SnapshotName,
    Volume, VolumeMount,
};
use kompox_kube::Resolver;

use crate::api::Group;
use crate::groups::GroupMaker;
use crate::install::InstallWork;
use crate::observe::ClusterRef;
use crate::observe::ProvisionedCluster;
use crate::session::Session;
use crate::settings::cluster::{ClusterSettings, InstallTargets, Problems, ProvisionedSettings};
use crate::settings::{ProviderSettings, app_group, keys};
use crate::volumes::AppVolumes;
use crate::{check, dns, follow, kubeconfig, status, volumes};

/// The driver's name in the configuration.
pub(crate) const NAME: &str = "aks";

/// The driver for one subscription, region and credential.
#[derive(Debug)]
pub struct AksDriver(Arc<Inner>);

/// What carries out every ability.
#[derive(Debug)]
struct Inner {
    arm: ArmClient,
    settings: ProviderSettings,
    clusters: Vec<Cluster>,
    apps: Vec<App>,
    cluster_settings: BTreeMap<ClusterId, Result<ClusterSettings, Problems>>,
    options: ArmOptions,
    resolver: Arc<dyn Resolver>,
    groups: GroupMaker,
}

impl AksDriver {
    pub(crate) fn new(
        arm: ArmClient,
        settings: ProviderSettings,
        clusters: Vec<Cluster>,
        apps: Vec<App>,
        cluster_settings: BTreeMap<ClusterId, Result<ClusterSettings, Problems>>,
        options: ArmOptions,
        resolver: Arc<dyn Resolver>,
    ) -> Self {
        Self(Arc::new(Inner {
            arm,
            settings,
            clusters,
            apps,
            cluster_settings,
            options,
            resolver,
            groups: GroupMaker::default(),
        }))
    }
}

impl Inner {
    /// The settings of a cluster, as they were read when the driver was made.
    ///
    /// # Errors
    /// `InvalidInput`, with everything that is wrong with them; `NotFound` for a cluster of another provider.
    fn cluster_settings(&self, cluster: &Cluster) -> Result<&ClusterSettings> {
        let id = &cluster.id;
        match self.cluster_settings.get(id) {
            Some(Ok(settings)) => Ok(settings),
            Some(Err(problems)) => Err(problems.to_error()),
            None => Err(Error::new(
                ErrorKind::NotFound,
                format!("cluster {id} is not one of this provider"),
            )),
        }
    }

    fn session<'a>(&'a self, cx: &'a Context) -> Session<'a> {
        Session {
            arm: &self.arm,
            cx,
            provider: &self.settings,
            options: self.options,
            resolver: &*self.resolver,
        }
    }

    /// What operations on a cluster of our own start from. None for an existing one: nothing is done to it.
    fn work<'a>(&'a self, cx: &'a Context, cluster: &'a Cluster) -> Result<Option<ProvisionedCluster<'a>>> {
        match self.cluster_settings(cluster)? {
            ClusterSettings::Provisioned(own) => self.own(cx, cluster, own).map(Some),
            ClusterSettings::Existing(_) => Ok(None),
        }
    }

    fn own<'a>(
        &'a self,
        cx: &'a Context,
        cluster: &'a Cluster,
        own: &'a ProvisionedSettings,
    ) -> Result<ProvisionedCluster<'a>> {
        // A misspelt key would make something else than what was meant.
        keys::require_known(&cluster.settings, keys::CLUSTER)?;
        Ok(ProvisionedCluster::new(self.session(cx), cluster, own))
    }

    /// Where the managed cluster is to be found, if its settings are right.
    fn cluster_ref(&self, cluster: &Cluster) -> Result<ClusterRef> {
        if let ClusterSettings::Provisioned(_) = self.cluster_settings(cluster)? {
            // A misspelt key would look in another place than the one that was meant.
            keys::require_known(&cluster.settings, keys::CLUSTER)?;
        }
        ClusterRef::of(&self.settings, cluster)
    }

    /// What installing on a cluster starts from.
    fn installing<'a>(&'a self, cx: &'a Context, cluster: &'a Cluster) -> Result<InstallWork<'a>> {
        let settings = self.cluster_settings(cluster)?;
        if let ClusterSettings::Provisioned(_) = settings {
            // A misspelt key would give access to something else than what was meant.
            keys::require_known(&cluster.settings, keys::CLUSTER)?;
        }
        Ok(InstallWork {
            session: self.session(cx),
            scope: cluster,
            settings,
            app_groups: self.app_groups(cluster),
        })
    }

    /// The resource groups of the apps on a cluster. An app whose group nobody can tell has no disks there.
    fn app_groups(&self, cluster: &Cluster) -> Vec<Group> {
        let on_it = |app: &&App| app.id.cluster == cluster.id;
        let groups = self.apps.iter().filter(on_it).filter_map(|app| {
            let app = AppScope {
                cluster: cluster.clone(),
                app: app.clone(),
            };
            app_group(&app, self.settings.prefix.as_deref()).ok()
        });
        let group = |name| Group {
            subscription: self.settings.subscription.clone(),
            name,
        };
        groups.map(group).collect()
    }

    /// The disk encryption sets that volumes of the apps on a cluster name, each once.
    fn encryption_sets(&self, cluster: &Cluster) -> Vec<ResourceId> {
        let on_it = self.apps.iter().filter(|app| app.id.cluster == cluster.id);
        let mut sets: Vec<ResourceId> = Vec::new();
        for app in on_it {
            for set in volumes::sets_of(app) {
                let id = set.to_string();
                if sets
                    .iter()
                    .all(|known| !known.to_string().eq_ignore_ascii_case(&id))
                {
                    sets.push(set);
                }
            }
        }
        sets
    }

    /// What the cluster's ingress is to serve, whoever made the cluster.
    fn targets(&self, cluster: &Cluster) -> Result<&InstallTargets> {
        Ok(match self.cluster_settings(cluster)? {
            ClusterSettings::Provisioned(own) => &own.installed,
            ClusterSettings::Existing(existing) => &existing.installed,
        })
    }

    fn volumes<'a>(&'a self, cx: &'a Context, app: &'a AppScope) -> Result<AppVolumes<'a>> {
        AppVolumes::new(self.session(cx), &self.groups, &self.clusters, app)
    }
}

impl ProviderDriver for AksDriver {
    fn name(&self) -> &'static str {
        NAME
    }

    fn volumes(&self) -> Option<Arc<dyn VolumeDriver>> {
        Some(Arc::clone(&self.0) as _)
    }

    fn mounts(&self) -> Option<Arc<dyn MountDriver>> {
        Some(Arc::clone(&self.0) as _)
    }

    fn clusters(&self) -> Option<Arc<dyn ClusterDriver>> {
        Some(Arc::clone(&self.0) as _)
    }

    fn ingress(&self) -> Option<Arc<dyn IngressDriver>> {
        Some(Arc::clone(&self.0) as _)
    }

    fn dns(&self) -> Option<Arc<dyn DnsDriver>> {
        Some(Arc::clone(&self.0) as _)
    }
}

#[async_trait]
impl VolumeDriver for Inner {
    fn options(&self) -> &'static [VolumeOption] {
        &volumes::DECLARED_OPTIONS
    }

    fn volume_class(&self, _: &AppScope, volume: &Volume) -> Result<VolumeClass> {
        volumes::require_disk(volume)?;
        Ok(volumes::CLASS)
    }

    fn disk_mount(&self, _: &AppScope, volume: &Volume, disk: &DiskRecord) -> Result<DiskMount> {
        volumes::require_disk(volume)?;
        Ok(volumes::mount(&self.settings.location, disk))
    }

    async fn disk_list(&self, cx: &Context, app: &AppScope, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        self.volumes(cx, app)?.disk_list(volumes).await
    }

    async fn disk_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<Option<VolumeDisk>> {
        self.volumes(cx, app)?.disk_find(volume, disk).await
    }

    async fn disk_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &DiskCreate,
    ) -> Result<VolumeDisk> {
        self.volumes(cx, app)?.disk_create(volume, request).await
    }

    async fn disk_assign(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<VolumeDisk> {
        self.volumes(cx, app)?.disk_assign(volume, disk).await
    }

    async fn disk_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
        force: bool,
    ) -> Result<Deletion> {
        self.volumes(cx, app)?.disk_delete(volume, disk, force).await
    }

    async fn snapshot_list(
        &self,
        cx: &Context,
        app: &AppScope,
        volumes: &[Volume],
    ) -> Result<Vec<VolumeSnapshot>> {
        self.volumes(cx, app)?.snapshot_list(volumes).await
    }

    async fn snapshot_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Option<VolumeSnapshot>> {
        self.volumes(cx, app)?.snapshot_find(volume, snapshot).await
    }

    async fn snapshot_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotCreate,
    ) -> Result<VolumeSnapshot> {
        self.volumes(cx, app)?.snapshot_create(volume, request).await
    }

    async fn snapshot_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Deletion> {
        self.volumes(cx, app)?.snapshot_delete(volume, snapshot).await
    }

    async fn snapshot_restore(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotRestore,
    ) -> Result<VolumeDisk> {
        self.volumes(cx, app)?.snapshot_restore(volume, request).await
    }
}

#[async_trait]
impl MountDriver for Inner {
    async fn apply(&self, cx: &Context, app: &AppScope, mounts: &[VolumeMount]) -> Result<Plan> {
        if mounts.is_empty() {
            return Ok(Plan::default());
        }
        self.volumes(cx, app)?.apply(mounts).await
    }
}

#[async_trait]
impl ClusterDriver for Inner {
    async fn provision(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &ProvisionRequest,
        mode: Mode,
    ) -> Result<Plan> {
        match (self.work(cx, cluster)?, mode) {
            (Some(work), Mode::Plan) => work.plan(request).await,
            (Some(work), Mode::Apply) => work.provision(request).await,
            (None, _) => Ok(Plan::default()),
        }
    }

    async fn deprovision(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &DeprovisionRequest,
        mode: Mode,
    ) -> Result<Plan> {
        match (self.work(cx, cluster)?, mode) {
            (Some(work), Mode::Plan) => work.deprovision_plan(request).await,
            (Some(work), Mode::Apply) => work.deprovision(request).await,
            (None, _) => Ok(Plan::default()),
        }
    }

    async fn wait(&self, cx: &Context, cluster: &Cluster) -> Result<Option<String>> {
        match self.cluster_settings(cluster)? {
            ClusterSettings::Provisioned(own) => self.own(cx, cluster, own)?.wait().await,
            ClusterSettings::Existing(existing) => {
                follow::wait_for_existing(self.session(cx), &existing.id.to_string()).await
            }
        }
    }

    async fn check(&self, cx: &Context, cluster: &Cluster) -> Result<Vec<Check>> {
        let sets = self.encryption_sets(cluster);
        let of_volumes = check::check_encryption_sets(self.session(cx), &sets);
        let of_cluster = async {
            match self.cluster_settings(cluster)? {
                ClusterSettings::Provisioned(own) => self.own(cx, cluster, own)?.check().await,
                ClusterSettings::Existing(existing) => {
                    check::check_existing(self.session(cx), cluster, existing).await
                }
            }
        };
        let (checks, of_volumes) = futures::join!(of_cluster, of_volumes);
        let mut checks = checks?;
        checks.extend(of_volumes);
        Ok(checks)
    }

    async fn status(&self, cx: &Context, cluster: &Cluster) -> Result<ClusterStatus> {
        let groups = self.app_groups(cluster);
        match self.cluster_settings(cluster)? {
            ClusterSettings::Provisioned(own) => self.own(cx, cluster, own)?.status(&groups).await,
            ClusterSettings::Existing(existing) => {
                status::status_of_existing(self.session(cx), cluster, &existing.id, &groups).await
            }
        }
    }

    async fn kubeconfig(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &KubeconfigRequest,
    ) -> Result<Secret> {
        let place = self.cluster_ref(cluster)?;
        kubeconfig::kubeconfig(self.session(cx), cluster, &place, request).await
    }

    async fn token(&self, cx: &Context, _: &Cluster) -> Result<AccessToken> {
        kubeconfig::token(self.session(cx)).await
    }
}

#[async_trait]
impl IngressDriver for Inner {
    async fn install(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &InstallRequest,
        mode: Mode,
    ) -> Result<Plan> {
        Box::pin(self.installing(cx, cluster)?.install(*request, mode)).await
    }

    async fn uninstall(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &UninstallRequest,
        mode: Mode,
    ) -> Result<Plan> {
        self.installing(cx, cluster)?.uninstall(*request, mode).await
    }
}

#[async_trait]
impl DnsDriver for Inner {
    async fn deploy(
        &self,
        cx: &Context,
        app: &AppScope,
        request: &DnsRequest,
        mode: Mode,
    ) -> Result<DnsReport> {
        let (place, targets) = (self.cluster_ref(&app.cluster)?, self.targets(&app.cluster)?);
        dns::deploy(self.session(cx), app, &place, targets, request, mode).await
    }

    async fn destroy(&self, cx: &Context, app: &AppScope, mode: Mode) -> Result<DnsReport> {
        // A misspelt key would look for records in no zone at all.
        keys::require_known(&app.cluster.settings, keys::CLUSTER)?;
        dns::destroy(self.session(cx), app, self.targets(&app.cluster)?, mode).await
    }
}
