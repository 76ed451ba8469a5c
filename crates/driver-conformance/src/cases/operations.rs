//! Every operation as a call that is sound in itself, for cases that are about all of them.

use kompox_domain::cluster::{
    DeprovisionRequest, InstallRequest, KubeconfigRequest, ProvisionRequest, UninstallRequest,
};
use kompox_domain::dns::DnsRequest;
use kompox_domain::{Context, Error, Operation, Volume};

use crate::check::Stop;
use crate::world::{World, disk, named, restore, snapshot};

/// Calls the operation, on this volume where it is about one. The answer is a word about what came back.
pub(super) async fn call(
    world: &World,
    cx: &Context,
    volume: &Volume,
    operation: Operation,
) -> Result<Result<String, Error>, Stop> {
    let World { driver, app, .. } = world;
    let cluster = &app.cluster_scope();
    let volumes = std::slice::from_ref(volume);
    let (disk_name, snapshot_name) = (named("probe-disk")?, named("probe-snapshot")?);
    Ok(match operation {
        Operation::ClusterPlan => {
            let request = ProvisionRequest::default();
            word(driver.cluster_plan(cx, cluster, &request).await)
        }
        Operation::ClusterProvision => {
            let request = ProvisionRequest::default();
            word(driver.cluster_provision(cx, cluster, &request).await)
        }
        Operation::ClusterDeprovisionPlan => {
            let request = DeprovisionRequest::default();
            word(driver.cluster_deprovision_plan(cx, cluster, &request).await)
        }
        Operation::ClusterDeprovision => {
            let request = DeprovisionRequest::default();
            word(driver.cluster_deprovision(cx, cluster, &request).await)
        }
        Operation::ClusterStatus => word(driver.cluster_status(cx, cluster).await),
        Operation::ClusterInstall => {
            let request = InstallRequest::default();
            word(driver.cluster_install(cx, cluster, &request).await)
        }
        Operation::ClusterUninstall => {
            let request = UninstallRequest::default();
            word(driver.cluster_uninstall(cx, cluster, &request).await)
        }
        Operation::ClusterWait => word(driver.cluster_wait(cx, cluster).await),
        Operation::ClusterCheck => word(driver.cluster_check(cx, cluster).await),
        Operation::ClusterToken => word(driver.cluster_token(cx, cluster).await),
        Operation::ClusterKubeconfig => {
            let request = KubeconfigRequest::default();
            word(driver.cluster_kubeconfig(cx, cluster, &request).await)
        }
        Operation::VolumeApply => word(driver.volume_apply(cx, app, &[]).await),
        Operation::DiskList => word(driver.disk_list(cx, app, volumes).await),
        Operation::DiskCreate => word(driver.disk_create(cx, app, volume, &disk(&disk_name)).await),
        Operation::DiskAssign => word(driver.disk_assign(cx, app, volume, &disk_name).await),
        Operation::DiskDelete => word(driver.disk_delete(cx, app, volume, &disk_name, false).await),
        Operation::SnapshotList => word(driver.snapshot_list(cx, app, volumes).await),
        Operation::SnapshotCreate => {
            let request = snapshot(&snapshot_name);
            word(driver.snapshot_create(cx, app, volume, &request).await)
        }
        Operation::SnapshotDelete => word(driver.snapshot_delete(cx, app, volume, &snapshot_name).await),
        Operation::SnapshotRestore => {
            let request = restore(&snapshot_name, &disk_name);
            word(driver.snapshot_restore(cx, app, volume, &request).await)
        }
        Operation::DnsDeploy => {
            let request = DnsRequest::default();
            word(driver.dns_deploy(cx, app, &request).await)
        }
        Operation::DnsDestroy => word(driver.dns_destroy(cx, app, false).await),
    })
}

fn word<T: std::fmt::Debug>(result: Result<T, Error>) -> Result<String, Error> {
    result.map(|value| format!("{value:?}"))
}
