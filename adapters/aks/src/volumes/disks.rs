//! Disks: list, create, delete.

use azure_mgmt_compute::package_2024_03_02::models::{self, creation_data::CreateOption};
use futures::future::{self, Either};
use kompox_arm::{ArmRequest, FinalState, retry};
use kompox_domain::driver::DiskCreate;
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::{self, Deletion, DiskRecord, Item, VolumeDisk};
use kompox_domain::{
    Argument, DiskName, Error, ErrorKind, Hint, Operation, Result, Source, Volume, VolumeName, Zone, naming,
    tags,
};
use serde_json::{Map, Value, json};
use ulid::Ulid;

use super::encryption::Encryption;
use super::options::DiskOptions;
use super::source::Found;
use super::zones::ZoneChoice;
use super::{AppVolumes, require_disk, sectors, source, wire};
use crate::api::Kind;
use crate::groups;

/// A disk that is about to be made.
pub(crate) struct NewDisk<'a> {
    pub(crate) volume: &'a Volume,
    pub(crate) name: &'a DiskName,
    pub(crate) options: DiskOptions,
    pub(crate) gib: i32,
    pub(crate) zone: Option<Zone>,
    pub(crate) source: Option<Found>,
    /// Bytes of its sectors, where there is a choice.
    pub(crate) sector_size: Option<u32>,
    /// With whose key it is encrypted, where that is not the platform's.
    pub(crate) encryption: Option<Encryption>,
    /// When it was assigned; not at all without.
    pub(crate) assigned_at: Option<Ulid>,
    /// Whether something of ours is there under its name, which is gone on with.
    pub(crate) resumed: bool,
}

impl AppVolumes<'_> {
    pub(crate) async fn disk_list(&self, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        volumes.iter().try_for_each(require_disk)?;
        Ok(volume::arrange(self.disk_records(volumes).await?))
    }

    /// The disk of this name, and that nobody else has the name.
    pub(crate) async fn disk_find(&self, volume: &Volume, name: &DiskName) -> Result<Option<VolumeDisk>> {
        require_disk(volume)?;
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        let volumes = std::slice::from_ref(volume);
        let listing = self.listing(Kind::Disks, volumes, Some(&resource)).await?;
        listing.require_not_foreign(Kind::Disks, &resource)?;
        let disks = volume::arrange(listing.disks(&self.session.provider.location)?);
        Ok(disks.into_iter().find(|disk| disk.record.name == *name))
    }

    pub(crate) async fn disk_records(&self, volumes: &[Volume]) -> Result<Vec<DiskRecord>> {
        self.listing(Kind::Disks, volumes, None)
            .await?
            .disks(&self.session.provider.location)
    }

    /// The disks of a volume, one of which is known to be there: a replica that lags behind may not list it yet.
    ///
    /// # Errors
    /// As [`disk_records`](Self::disk_records). Where it does not come, somebody deleted it: then it is not among them.
    pub(crate) async fn disk_records_with(
        &self,
        volume: &Volume,
        name: &DiskName,
    ) -> Result<Vec<DiskRecord>> {
        for attempt in 1.. {
            let records = self.disk_records(std::slice::from_ref(volume)).await?;
            if attempt == retry::MAX_LAG_ATTEMPTS || records.iter().any(|record| record.name == *name) {
                return Ok(records);
            }
            let wait = retry::backoff(self.session.options.backoff, attempt, None, 1.0);
            self.session
                .arm
                .pause(self.session.cx, wait, || {
                    format!("while disk {name} was not listed yet")
                })
                .await?;
        }
        Ok(Vec::new())
    }

    pub(crate) async fn disk_create(&self, volume: &Volume, request: &DiskCreate) -> Result<VolumeDisk> {
        require_disk(volume)?;
        let options = DiskOptions::of(&volume.options, &request.options)?;
        options.check_size(volume.size)?;
        let wish = self.zone_choice(request.zone.as_deref(), &options)?;
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), &request.name);
        let volumes = std::slice::from_ref(volume);

        // One step of waiting for everything that must be known before the first write.
        let ((disks, group_exists), snapshots, by_id, cluster, offer) = futures::try_join!(
            self.listing_and_group(Kind::Disks, volumes, Some(&resource)),
            async {
                match &request.source {
                    Some(Source::Snapshot(_)) => self.listing(Kind::Snapshots, volumes, None).await.map(Some),
                    _ => Ok(None),
                }
            },
            async {
                match &request.source {
                    Some(Source::Resource(id)) => self.source_by_id(volume, id).await.map(Some),
                    _ => Ok(None),
                }
            },
            // What it is needed for, nodes and rights, it may also do without.
            async { Ok(self.app_cluster().await) },
            async { Ok(self.offer(&options).await) },
        )?;

        let there = disks.there(Kind::Disks, &resource)?;
        if let Some(there) = &there {
            there.require_failed()?;
        }
        let records = disks.disks(&self.session.provider.location)?;
        let found = match (&request.source, by_id) {
            (None, _) => None,
            (Some(Source::Disk(name)), _) => Some(source::disk(&records, &volume.name, name)?),
            (Some(Source::Snapshot(name)), _) => {
                let snapshots = snapshots.unwrap_or_default().snapshots()?;
                Some(source::from_snapshot(source::snapshot(
                    &snapshots,
                    &volume.name,
                    name,
                )?))
            }
            (Some(Source::Resource(_)), found) => found,
        };
        let sector_size = sectors::of_new(&options, found.as_ref())?;
        let attaching = cluster.as_ref().ok().cloned().flatten();
        let zone = match (wish, cluster) {
            (ZoneChoice::Settled(zone), Err(error)) => {
                self.attaching_unchecked(&error);
                zone
            }
            (ZoneChoice::Settled(zone), Ok(_)) => zone,
            (ZoneChoice::Open, cluster) => self.zone_by_pools(self.pools(cluster)?)?,
        };
        offer.require(&options, &self.session.provider.location, zone)?;
        if let Some(cluster) = &attaching {
            self.warn_of_ultra(&options, zone, cluster);
        }
        let encryption = self.encryption_of_disk(&options, found.as_ref()).await?;
        let size = found
            .as_ref()
            .and_then(|found| found.size)
            .map_or(volume.size, |size| size.max(volume.size));
        let gib = options.check_size(size)?;
        let new = NewDisk {
            volume,
            name: &request.name,
            options,
            gib,
            zone,
            source: found,
            sector_size,
            encryption,
            assigned_at: self.first_assigned_at(&records, &request.name),
            resumed: there.is_some(),
        };
        if let Some(there) = &there {
            there.require_same(
                &self.disk_body(&new)?,
                &delete_or_rename(Item::Disk, volume, &request.name),
            )?;
        }
        if !group_exists {
            self.groups
                .create(self.session.with_context(&self.session.cx.beside()), &self.group)
                .await?;
        }
        let making = async {
            if new.assigned_at.is_some() {
                self.make_first(&new, &resource).await
            } else {
                self.make(&new, &resource).await
            }
        };
        let (made, ()) = futures::join!(making, self.let_attach(attaching.as_ref()));
        made.map_err(|error| offer.explain(error, &self.session.provider.location, zone))
    }

    /// When a new disk is assigned from its first moment: the first of its volume. One whose creation failed keeps
    /// the mark that it has.
    fn first_assigned_at(&self, records: &[DiskRecord], name: &DiskName) -> Option<Ulid> {
        let failed = records.iter().find(|record| record.name == *name);
        let others = records.iter().any(|record| record.name != *name);
        match failed {
            Some(failed) if failed.flagged && failed.assigned_at.is_some() => failed.assigned_at,
            _ if others => None,
            _ => Some(self.session.cx.next_ulid(None)),
        }
    }

    /// Makes a disk that is not assigned.
    pub(crate) async fn make(&self, new: &NewDisk<'_>, resource: &str) -> Result<VolumeDisk> {
        let response = self.put(new, resource, FinalState::Resource).await?;
        let response = response.ok_or_else(|| vanished(resource))?;
        let json = std::str::from_utf8(&response.body).unwrap_or_default();
        let record = wire::disk(
            json,
            &new.volume.name,
            new.name.clone(),
            &self.session.provider.location,
        )?;
        // Nobody else writes the flag of a disk that is just being made.
        Ok(VolumeDisk {
            assigned: false,
            record,
        })
    }

    /// Makes the first disk of a volume, and looks whether it is the only first.
    async fn make_first(&self, new: &NewDisk<'_>, resource: &str) -> Result<VolumeDisk> {
        self.put(new, resource, FinalState::Nothing).await?;
        let records = self.disk_records_with(new.volume, new.name).await?;
        let winner = volume::assigned_index(&records)
            .and_then(|index| records.get(index))
            .cloned();
        let earlier = records
            .iter()
            .find(|record| record.flagged && record.name != *new.name && record.assigned_at < new.assigned_at)
            .map(|record| record.name.clone());
        let Some(record) = records.into_iter().find(|record| record.name == *new.name) else {
            return Err(vanished(resource));
        };
        // Cleared means that somebody assigned another disk since; another time, that somebody wrote over it.
        if record.assigned_at.is_some() && record.assigned_at != new.assigned_at {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "somebody else made or assigned disk {} of volume {} at the same time",
                    new.name, new.volume.name
                ),
            )
            .with_hint(Hint::command(
                "look at it",
                Operation::DiskList.with(Argument::Volume(new.volume.name.to_string().into())),
            )));
        }
        let Some(earlier) = earlier else {
            let assigned = winner.as_ref().is_some_and(|winner| winner.name == record.name);
            if let (false, Some(winner)) = (assigned, winner) {
                self.lost_race(new.volume, &record.name, &winner.name);
            }
            return Ok(VolumeDisk { assigned, record });
        };
        // Whoever came first may hold data already: the later one yields, whichever of them is greater.
        self.clear(new.volume, new.name).await?;
        self.lost_race(new.volume, &record.name, &earlier);
        Ok(VolumeDisk {
            assigned: false,
            record: DiskRecord {
                flagged: false,
                assigned_at: None,
                ..record
            },
        })
    }

    fn lost_race(&self, volume: &Volume, disk: &DiskName, other: &DiskName) {
        self.session.cx.warn(
            WarningKind::LostRace,
            format!(
                "disk {other} was made at the same time and is the assigned one of volume {}; disk {disk} is not",
                volume.name
            ),
        );
    }

    async fn put(
        &self,
        new: &NewDisk<'_>,
        resource: &str,
        wanted: FinalState,
    ) -> Result<Option<kompox_arm::ArmResponse>> {
        let url = self.group.item_url(self.session.arm, Kind::Disks, resource)?;
        let mut request = ArmRequest::put(url, &self.disk_body(new)?)?.in_known_group();
        if !new.resumed {
            request = request.creating();
        }
        let step = self.session.cx.begin(format!("create disk {resource}"));
        let result = self
            .session
            .arm
            .run(self.session.cx, &request, wanted, &step)
            .await;
        Ok(step.end(result)?)
    }

    pub(crate) fn disk_body(&self, new: &NewDisk<'_>) -> Result<Value> {
        let mut data = match &new.source {
            None => models::CreationData::new(CreateOption::Empty),
            Some(source) => wire::copied_from(&source.id, CreateOption::Copy),
        };
        data.logical_sector_size = new.sector_size.and_then(|size| size.try_into().ok());
        let mut properties = models::DiskProperties::new(data);
        properties.disk_size_gb = Some(new.gib);
        properties.disk_iops_read_write = new.options.iops;
        properties.disk_m_bps_read_write = new.options.mbps;
        properties.encryption = new.encryption.as_ref().map(Encryption::model);
        let mut disk = models::Disk::new(models::Resource::new(self.session.provider.location.clone()));
        disk.sku = Some(models::DiskSku {
            name: new.options.sku.parse().ok(),
            tier: None,
        });
        disk.zones = new.zone.iter().map(ToString::to_string).collect();
        disk.properties = Some(properties);
        let mut own = self.item_tags(new.volume);
        own.insert(tags::DISK_NAME.to_owned(), json!(new.name.to_string()));
        own.insert(
            tags::DISK_ASSIGNED.to_owned(),
            json!(new.assigned_at.is_some().to_string()),
        );
        if let Some(at) = new.assigned_at {
            own.insert(tags::DISK_ASSIGNED_AT.to_owned(), json!(at.to_string()));
        }
        disk.resource.tags = Some(Value::Object(own));
        wire::body(&disk)
    }

    /// The tags of everything that belongs to a volume.
    pub(crate) fn item_tags(&self, volume: &Volume) -> Map<String, Value> {
        let mut own = Map::new();
        own.insert(tags::MANAGED_BY.to_owned(), json!(tags::MANAGED_BY_KOMPOX));
        own.insert(tags::APP.to_owned(), json!(self.app.path()));
        own.insert(tags::VOLUME.to_owned(), json!(self.app.volume_key(&volume.name)));
        own
    }

    /// Disk and cluster are looked at at the same time, and whatever the disk alone tells does not wait for the
    /// cluster.
    pub(crate) async fn disk_delete(
        &self,
        volume: &Volume,
        name: &DiskName,
        force: bool,
    ) -> Result<Deletion> {
        require_disk(volume)?;
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        let volumes = std::slice::from_ref(volume);
        let listing = Box::pin(self.listing(Kind::Disks, volumes, Some(&resource)));
        let asked = Box::pin(self.ask_cluster(&resource));
        let (listing, asked) = match future::select(listing, asked).await {
            Either::Left((listing, asked)) => (listing?, Either::Left(asked)),
            Either::Right((answer, listing)) => (listing.await?, Either::Right(answer)),
        };
        listing.require_not_foreign(Kind::Disks, &resource)?;
        let disks = volume::arrange(listing.disks(&self.session.provider.location)?);
        let Some(disk) = disks.iter().find(|disk| disk.record.name == *name) else {
            return Ok(Deletion::WasNotThere);
        };
        deletable(disk, &volume.name, force)?;
        let answer = match asked {
            Either::Left(asked) => asked.await,
            Either::Right(answer) => answer,
        };
        self.require_unnamed(name, answer)?;
        self.remove(Kind::Disks, &resource)
            .await
            .map(|()| Deletion::Deleted)
    }

    /// Deletes a disk or snapshot that was seen to be ours. Gone meanwhile is gone.
    pub(crate) async fn remove(&self, kind: Kind, resource: &str) -> Result<()> {
        let request = ArmRequest::delete(self.group.item_url(self.session.arm, kind, resource)?);
        let step = self
            .session
            .cx
            .begin(format!("delete {} {resource}", kind.noun()));
        let result = match self
            .session
            .arm
            .run(self.session.cx, &request, FinalState::Nothing, &step)
            .await
        {
            Err(error) if error.is_group_not_found() => {
                // The item was just seen: the group went meanwhile, or a replica lags behind.
                match groups::exists(self.session, &self.group).await {
                    Ok(false) => Ok(None),
                    Ok(true) => {
                        self.session
                            .arm
                            .run(
                                self.session.cx,
                                &request.in_known_group(),
                                FinalState::Nothing,
                                &step,
                            )
                            .await
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) if error.is_absent() => Ok(None),
            other => other,
        };
        step.end(result)?;
        Ok(())
    }
}

/// Refuses what the disk alone tells that it must stay.
fn deletable(disk: &VolumeDisk, volume: &VolumeName, force: bool) -> Result<()> {
    let name = &disk.record.name;
    if !disk.record.attached_to.is_empty() {
        return Err(Error::new(
            ErrorKind::Precondition,
            format!(
                "disk {name} is attached to {}",
                disk.record.attached_to.join(", ")
            ),
        )
        .with_hint("stop whatever uses it, and wait until it is detached"));
    }
    if disk.assigned && !force {
        return Err(Error::new(
            ErrorKind::Precondition,
            format!("disk {name} is the assigned one of volume {volume}"),
        )
        .with_hints([
            Hint::text("assign another disk first"),
            Hint::argument(
                "or delete it all the same and leave none assigned",
                Argument::Force,
            ),
        ]));
    }
    Ok(())
}

/// What to do about a disk or snapshot that is in the way of one that would be made.
pub(crate) fn delete_or_rename(item: Item, volume: &Volume, name: &impl ToString) -> Vec<Hint> {
    let delete = item
        .delete()
        .with(Argument::Volume(volume.name.to_string().into()))
        .with(Argument::Name(name.to_string().into()));
    vec![
        Hint::command("delete it first", delete),
        Hint::text("or choose another name"),
    ]
}

fn vanished(resource: &str) -> Error {
    Error::new(
        ErrorKind::Failed,
        format!("Azure reports that {resource} was made, but it is not there"),
    )
    .with_hint("somebody may have deleted it; run it again")
}
