//! Snapshots: list, create, delete, restore.

use azure_mgmt_compute::package_2024_03_02::models::{self, creation_data::CreateOption};
use kompox_arm::{ArmRequest, ArmResponse, FinalState, Pace};
use kompox_domain::context::Step;
use kompox_domain::driver::{SnapshotCreate, SnapshotRestore};
use kompox_domain::volume::{self, Creation, Deletion, DiskRecord, Item, VolumeDisk, VolumeSnapshot};
use kompox_domain::{
    Argument, Error, ErrorKind, Hint, Operation, Result, SnapshotName, Source, Volume, VolumeName, Zone,
    naming, tags,
};
use serde_json::{Value, json};

use super::disks::{NewDisk, delete_or_rename};
use super::encryption::Encryption;
use super::options::DiskOptions;
use super::source::Found;
use super::zones::ZoneChoice;
use super::{AppVolumes, require_disk, sectors, source, wire};
use crate::api::Kind;

impl AppVolumes<'_> {
    pub(crate) async fn snapshot_list(&self, volumes: &[Volume]) -> Result<Vec<VolumeSnapshot>> {
        volumes.iter().try_for_each(require_disk)?;
        let mut snapshots = self.listing(Kind::Snapshots, volumes, None).await?.snapshots()?;
        volume::arrange_snapshots(&mut snapshots);
        Ok(snapshots)
    }

    /// The snapshot of this name, and that nobody else has the name.
    pub(crate) async fn snapshot_find(
        &self,
        volume: &Volume,
        name: &SnapshotName,
    ) -> Result<Option<VolumeSnapshot>> {
        require_disk(volume)?;
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        let listing = self
            .listing(Kind::Snapshots, std::slice::from_ref(volume), Some(&resource))
            .await?;
        listing.require_not_foreign(Kind::Snapshots, &resource)?;
        let snapshots = listing.snapshots()?;
        Ok(snapshots.into_iter().find(|snapshot| snapshot.name == *name))
    }

    pub(crate) async fn snapshot_create(
        &self,
        volume: &Volume,
        request: &SnapshotCreate,
    ) -> Result<VolumeSnapshot> {
        require_disk(volume)?;
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), &request.name);
        let volumes = std::slice::from_ref(volume);
        let ((snapshots, group_exists), disks, by_id) = futures::try_join!(
            self.listing_and_group(Kind::Snapshots, volumes, Some(&resource)),
            async {
                match &request.source {
                    None | Some(Source::Disk(_)) => self.disk_records(volumes).await,
                    _ => Ok(vec![]),
                }
            },
            async {
                match &request.source {
                    Some(Source::Resource(id)) => self.source_by_id(volume, id).await.map(Some),
                    _ => Ok(None),
                }
            },
        )?;
        let there = snapshots.there(Kind::Snapshots, &resource)?;
        if let Some(there) = &there {
            there.require_failed()?;
        }
        let found = match (&request.source, by_id) {
            (None, _) => assigned(&disks, &volume.name)?,
            (Some(Source::Disk(name)), _) => source::disk(&disks, &volume.name, name)?,
            (Some(Source::Snapshot(name)), _) => {
                source::from_snapshot(source::snapshot(&snapshots.snapshots()?, &volume.name, name)?)
            }
            (Some(Source::Resource(id)), None) => {
                return Err(Error::new(ErrorKind::NotFound, format!("source {id} is missing")));
            }
            (Some(Source::Resource(_)), Some(found)) => found,
        };
        let elsewhere = self.is_elsewhere(&found);
        let encryption = self.encryption_of_snapshot(volume, &found, elsewhere).await?;
        let body = self.snapshot_body(volume, &request.name, &found, encryption.as_ref())?;
        if let Some(there) = &there {
            there.require_same(&body, &delete_or_rename(Item::Snapshot, volume, &request.name))?;
        }
        if !group_exists {
            self.groups
                .create(self.session.with_context(&self.session.cx.beside()), &self.group)
                .await?;
        }

        let url = self
            .group
            .item_url(self.session.arm, Kind::Snapshots, &resource)?;
        let mut put = ArmRequest::put(url, &body)?.in_known_group();
        if there.is_none() {
            put = put.creating();
        }
        let step = self.session.cx.begin(format!("create snapshot {resource}"));
        let result = async {
            let response = self
                .session
                .arm
                .run(self.session.cx, &put, FinalState::Resource, &step)
                .await?;
            let response = response
                .ok_or_else(|| Error::new(ErrorKind::Failed, format!("snapshot {resource} is not there")))?;
            self.until_usable(response, volume, &request.name, &resource, &step)
                .await
        }
        .await;
        step.end(result)
    }

    /// Whether a source lies in another region.
    fn is_elsewhere(&self, source: &Found) -> bool {
        let location = source.location.as_ref();
        location.is_some_and(|location| !location.eq_ignore_ascii_case(&self.session.provider.location))
    }

    fn snapshot_body(
        &self,
        volume: &Volume,
        name: &SnapshotName,
        source: &Found,
        encryption: Option<&Encryption>,
    ) -> Result<Value> {
        // Across regions only a snapshot can be copied, and only in the background.
        let option = if self.is_elsewhere(source) && source.is_snapshot {
            CreateOption::CopyStart
        } else {
            CreateOption::Copy
        };
        let mut properties = models::SnapshotProperties::new(wire::copied_from(&source.id, option));
        properties.incremental = Some(true);
        properties.encryption = encryption.map(Encryption::model);
        let mut snapshot =
            models::Snapshot::new(models::Resource::new(self.session.provider.location.clone()));
        // Without a SKU Azure keeps it in all zones where it can. What lies in all zones gets no copy in one.
        if !source.is_zone_redundant {
            snapshot.sku = Some(models::SnapshotSku {
                name: "Standard_LRS".parse().ok(),
                tier: None,
            });
        }
        snapshot.properties = Some(properties);
        let mut own = self.item_tags(volume);
        own.insert(tags::SNAPSHOT_NAME.to_owned(), json!(name.to_string()));
        if let Some(disk) = &source.disk {
            own.insert(tags::DISK_NAME.to_owned(), json!(disk));
        }
        snapshot.resource.tags = Some(Value::Object(own));
        wire::body(&snapshot)
    }

    /// Waits for the copy behind the snapshot: that it was made does not mean that it can be used.
    async fn until_usable(
        &self,
        mut response: ArmResponse,
        volume: &Volume,
        name: &SnapshotName,
        resource: &str,
        step: &Step,
    ) -> Result<VolumeSnapshot> {
        let mut pace = Pace::new(self.session.options.poll);
        loop {
            let json = std::str::from_utf8(&response.body).unwrap_or_default();
            let snapshot = wire::snapshot(json, &volume.name, name.clone())?;
            if let Some((code, message)) = wire::copy_failure(json) {
                return Err(Error::new(
                    ErrorKind::Failed,
                    format!("Azure could not copy the snapshot: {message}"),
                )
                .with_code(code));
            }
            if wire::has_failed(json) {
                return Err(Error::new(
                    ErrorKind::Failed,
                    "Azure ended the copy of the snapshot as failed",
                )
                .with_hint("delete the snapshot and take another one; a resize of the disk ends copies"));
            }
            if snapshot.completion_percent.is_done() {
                return Ok(snapshot);
            }
            step.state("copying", Some(snapshot.completion_percent));
            self.session
                .arm
                .pause(self.session.cx, pace.wait(), || {
                    format!("while snapshot {name} was still being copied in Azure")
                })
                .await?;
            let url = self.group.item_url(self.session.arm, Kind::Snapshots, resource)?;
            response = self
                .session
                .arm
                .send(
                    self.session.cx,
                    &ArmRequest::get(url).in_known_group().known_to_exist(),
                )
                .await?;
        }
    }

    pub(crate) async fn snapshot_delete(&self, volume: &Volume, name: &SnapshotName) -> Result<Deletion> {
        require_disk(volume)?;
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        if self.snapshot_find(volume, name).await?.is_none() {
            return Ok(Deletion::WasNotThere);
        }
        self.remove(Kind::Snapshots, &resource)
            .await
            .map(|()| Deletion::Deleted)
    }

    pub(crate) async fn snapshot_restore(
        &self,
        volume: &Volume,
        request: &SnapshotRestore,
    ) -> Result<VolumeDisk> {
        require_disk(volume)?;
        let options = DiskOptions::of(&volume.options, &request.options)?;
        let asked = match request.zone.as_deref() {
            Some(_) => Some(self.zone_choice(request.zone.as_deref(), &options)?),
            None => None,
        };
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), &request.disk);
        let volumes = std::slice::from_ref(volume);
        let (disks, snapshots, offer) = futures::try_join!(
            self.listing(Kind::Disks, volumes, Some(&resource)),
            self.listing(Kind::Snapshots, volumes, None),
            async { Ok(self.offer(&options).await) },
        )?;
        let there = disks.there(Kind::Disks, &resource)?;
        if let Some(there) = there.as_ref().filter(|_| !request.resume) {
            there.require_failed()?;
        }
        let snapshots = snapshots.snapshots()?;
        let snapshot = source::snapshot(&snapshots, &volume.name, &request.snapshot)?;
        let source = source::from_snapshot(snapshot);
        let encryption = self.encryption_of_disk(&options, Some(&source)).await?;
        let sector_size = sectors::of_new(&options, Some(&source))?;
        let gib = options.check_size(snapshot.size.map_or(volume.size, |size| size.max(volume.size)))?;
        let records = disks.disks(&self.session.provider.location)?;
        let origin = records
            .iter()
            .find(|disk| snapshot.source_disk.as_deref() == Some(disk.name.to_string().as_str()));
        let zone = self.restored_zone(asked, origin, &options).await?;
        offer.require(&options, &self.session.provider.location, zone)?;
        let new = NewDisk {
            volume,
            name: &request.disk,
            options,
            gib,
            zone,
            source: Some(source),
            sector_size,
            encryption,
            assigned_at: None,
            resumed: there.is_some(),
        };
        if let Some(there) = &there {
            let way_out = if there.creation == Creation::Failed {
                delete_or_rename(Item::Disk, volume, &request.disk)
            } else {
                vec![
                    Hint::command(
                        "assign it as it is",
                        Operation::DiskAssign
                            .with(Argument::Volume(volume.name.to_string().into()))
                            .with(Argument::Name(request.disk.to_string().into())),
                    ),
                    Hint::text("or choose another name for a new disk"),
                ]
            };
            there.require_same(&self.disk_body(&new)?, &way_out)?;
            there.require_unassigned(&way_out)?;
            let done = records.iter().find(|record| record.name == request.disk);
            if let Some(record) = done.filter(|_| there.creation == Creation::Done) {
                return Ok(VolumeDisk {
                    assigned: false,
                    record: record.clone(),
                });
            }
        }
        let made = self.make(&new, &resource).await;
        made.map_err(|error| offer.explain(error, &self.session.provider.location, zone))
    }

    /// As asked, else where the disk is that the snapshot was taken from, else as for a new disk.
    async fn restored_zone(
        &self,
        asked: Option<ZoneChoice>,
        origin: Option<&DiskRecord>,
        options: &DiskOptions,
    ) -> Result<Option<Zone>> {
        if let Some(ZoneChoice::Settled(zone)) = asked {
            return Ok(zone);
        }
        if options.is_zone_redundant() {
            return Ok(None);
        }
        if let Some(origin) = origin {
            return Ok(origin.zone);
        }
        match self.zone_choice(None, options)? {
            ZoneChoice::Settled(zone) => Ok(zone),
            ZoneChoice::Open => self.zone_by_pools(self.pools(self.app_cluster().await)?),
        }
    }
}

/// The disk that a snapshot is taken from unless one is named.
fn assigned(disks: &[DiskRecord], volume: &VolumeName) -> Result<Found> {
    volume::assigned_index(disks)
        .and_then(|index| disks.get(index))
        .map_or_else(|| Err(none_assigned(disks, volume)), source::usable)
}

fn none_assigned(disks: &[DiskRecord], volume: &VolumeName) -> Error {
    let there: Vec<String> = disks.iter().map(|disk| disk.name.to_string()).collect();
    let hint = if there.is_empty() {
        Hint::command(
            "make a disk first",
            Operation::DiskCreate.with(Argument::Volume(volume.to_string().into())),
        )
    } else {
        Hint::argument(
            format!("assign one of {}, or name it", there.join(", ")),
            Argument::Source(Some("disk:<name>".into())),
        )
    };
    Error::new(
        ErrorKind::NotFound,
        format!("volume {volume} has no assigned disk"),
    )
    .with_hint(hint)
}
