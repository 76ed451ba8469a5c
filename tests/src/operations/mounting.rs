//! Letting a cluster mount disks.

use async_trait::async_trait;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::DiskCreate;
use kompox_domain::{AppScope, Result, SettingValue, VolumeMount, VolumeOptions};
use serde_json::Value;

use super::building::{managed_cluster, provision};
use crate::crash_points::{Estate, Operation, Operator, Vigil};

const NAMESPACE: &str = "prod";

/// `volume manifest --apply` where one pair is to be made, one has lost its claim, and one is of another disk.
#[derive(Debug)]
pub struct Mounting;

fn app(estate: &Estate<'_>) -> AppScope {
    let mut app = estate.cloud.app().clone();
    let group = SettingValue::Plain("rg-app".to_owned());
    app.app.settings = [("AZURE_RESOURCE_GROUP_NAME".to_owned(), group)]
        .into_iter()
        .collect();
    app
}

async fn disk(estate: &Estate<'_>, operator: &Operator, volume: &str, name: &str) -> Result<VolumeMount> {
    let (Operator { driver, cx }, app) = (operator, app(estate));
    let volume = app
        .app
        .volume(&volume.parse().expect("a name in tests is valid"))
        .expect("the app has this volume");
    let request = DiskCreate {
        name: name.parse().expect("a name in tests is valid"),
        source: None,
        zone: Some("1".to_owned()),
        options: VolumeOptions::default(),
    };
    let disk = driver
        .volumes()
        .expect("the driver has volumes")
        .disk_create(cx, &app, volume, &request)
        .await?
        .record;
    mount(operator, &app, &disk)
}

fn mount(
    operator: &Operator,
    app: &AppScope,
    disk: &kompox_domain::volume::DiskRecord,
) -> Result<VolumeMount> {
    let driver = &operator.driver;
    let volume = app.app.volume(&disk.volume).expect("the app has this volume");
    let class = driver
        .volumes()
        .expect("the driver has volumes")
        .volume_class(app, volume)?;
    let disk_mount = driver
        .volumes()
        .expect("the driver has volumes")
        .disk_mount(app, volume, disk)?;
    let namespace = NAMESPACE.parse().expect("a name in tests is valid");
    VolumeMount::new(app, disk, namespace, class, disk_mount)
}

/// Lets the cluster mount the newest disk of each volume.
async fn apply(estate: &Estate<'_>, operator: &Operator) -> Result<Plan> {
    let (Operator { driver, cx }, app) = (operator, app(estate));
    let mut mounts: Vec<VolumeMount> = Vec::new();
    for disk in driver
        .volumes()
        .expect("the driver has volumes")
        .disk_list(cx, &app, &app.app.volumes)
        .await?
    {
        if !mounts.iter().any(|mount| mount.volume == disk.record.volume) {
            mounts.push(mount(operator, &app, &disk.record)?);
        }
    }
    driver
        .mounts()
        .expect("the driver has mounts")
        .apply(cx, &app, &mounts)
        .await
}

/// Volumes or claims of the cluster, as `name phase`.
async fn phases(estate: &Estate<'_>, resource: &str) -> Vec<String> {
    let cluster = managed_cluster(estate).await;
    let objects = estate.cloud.emulator.kubernetes_objects(&cluster, resource);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut phases: Vec<String> = objects
        .await
        .expect("the cluster is there")
        .iter()
        .map(|object| {
            let disk = text(&object["metadata"]["labels"]["ops.kompox.dev/disk"]);
            let volume = text(&object["metadata"]["labels"]["ops.kompox.dev/volume"]);
            format!("{volume} {disk} {}", text(&object["status"]["phase"]))
        })
        .collect();
    phases.sort();
    phases
}

#[async_trait(?Send)]
impl Operation for Mounting {
    type Ground<'c> = Estate<'c>;

    fn name(&self) -> String {
        "volume manifest --apply".to_owned()
    }

    async fn prepare(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        estate.put_strangers().await;
        provision(estate, operator).await?;
        let old = disk(estate, operator, "db", "old").await?;
        let data = disk(estate, operator, "data", "only").await?;
        let (Operator { driver, cx }, app) = (operator, app(estate));
        driver
            .mounts()
            .expect("the driver has mounts")
            .apply(cx, &app, &[old, data.clone()])
            .await?;
        disk(estate, operator, "db", "new").await?;
        let (emulator, cluster) = (&estate.cloud.emulator, managed_cluster(estate).await);
        for (resource, namespace) in [("persistentvolumeclaims", Some(NAMESPACE)), ("namespaces", None)] {
            let name = namespace.map_or(NAMESPACE, |_| data.name.as_str());
            let removed = emulator.remove_kubernetes_object(&cluster, resource, namespace, name);
            assert!(removed.await.expect("the cluster is there"));
        }
        Ok(())
    }

    async fn run(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        apply(estate, operator).await.map(drop)
    }

    async fn held(&self, estate: &Estate<'_>) -> String {
        let volumes = phases(estate, "persistentvolumes").await;
        format!("{volumes:?} {:?}", phases(estate, "persistentvolumeclaims").await)
    }

    async fn watch<'c>(&self, estate: &Estate<'c>) -> Vigil {
        estate.watch(false).await
    }

    /// Whatever was done by then, no disk that is mounted can be deleted.
    async fn read<'c>(
        &self,
        estate: &Estate<'c>,
        reader: &Operator,
        _: &Vigil,
    ) -> std::result::Result<(), String> {
        let (Operator { driver, cx }, app) = (reader, app(estate));
        let volume = app
            .app
            .volume(&"db".parse().expect("a name in tests is valid"))
            .expect("the app has this volume");
        match driver
            .volumes()
            .expect("the driver has volumes")
            .disk_delete(
                cx,
                &app,
                volume,
                &"old".parse().expect("a name in tests is valid"),
                true,
            )
            .await
        {
            Err(error) if error.to_string().contains("still has a volume") => Ok(()),
            other => Err(format!("a disk that is mounted can be deleted: {other:?}")),
        }
    }

    async fn ended(&self, estate: &Estate<'_>, reader: &Operator) -> std::result::Result<(), String> {
        let found = (
            phases(estate, "persistentvolumes").await,
            phases(estate, "persistentvolumeclaims").await,
        );
        let all = ["data only Bound", "db new Bound", "db old Bound"].map(str::to_owned);
        if found != (all.to_vec(), all.to_vec()) {
            return Err(format!("what is mounted: {found:?}"));
        }
        estate.cloud.emulator.clear_requests();
        let again = apply(estate, reader).await;
        let again = again.map_err(|error| format!("once more: {error:?}"))?;
        let requests = estate.cloud.emulator.requests();
        let writes = requests.iter().any(|request| request.method == "PATCH");
        let kept = again.of(ChangeAction::Keep).count();
        if !again.is_empty() || kept != 1 || writes {
            return Err(format!("once more, and there is something to do: {again:?}"));
        }
        Ok(())
    }
}
