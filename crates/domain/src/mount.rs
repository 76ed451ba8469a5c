//! What a cluster is told to mount the assigned disk of a volume.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::model::AppId;
use crate::name::{DiskName, Label, VolumeName};
use crate::naming;
use crate::quantity::ByteSize;
use crate::scope::AppScope;
use crate::volume::{DiskRecord, VolumeClass};

/// How a cluster finds and attaches one disk: what a driver knows of it beyond its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskMount {
    /// The disk, as the CSI driver wants to be told of it.
    pub handle: String,
    /// What else the CSI driver is told when it attaches the disk.
    pub attributes: BTreeMap<String, String>,
    /// The labels that a node must have for the disk to be attached to it, each with the values that will do.
    /// Empty: any node will do.
    pub node_labels: BTreeMap<String, Vec<String>>,
}

/// One disk of a volume, as an app mounts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeMount {
    /// The app.
    pub app: AppId,
    /// The volume.
    pub volume: VolumeName,
    /// The disk.
    pub disk: DiskName,
    /// What the cluster's persistent volume and the claim for it are called. Another disk has another name, because
    /// neither of the two can be pointed at another disk.
    pub name: String,
    /// The namespace of the claim.
    pub namespace: Label,
    /// The size of the disk.
    pub size: ByteSize,
    /// What all disks of the volume have in common.
    pub class: VolumeClass,
    /// What is special about this one.
    pub disk_mount: DiskMount,
}

impl VolumeMount {
    /// Of this disk, claimed in this namespace.
    ///
    /// # Errors
    /// `Precondition` for a disk whose size is not known yet: it is still being made.
    pub fn new(
        app: &AppScope,
        disk: &DiskRecord,
        namespace: Label,
        class: VolumeClass,
        disk_mount: DiskMount,
    ) -> Result<Self> {
        let size = disk.size.ok_or_else(|| {
            let message = format!("the size of disk {} is not known yet", disk.name);
            Error::new(ErrorKind::Precondition, message)
                .with_hint("it is still being made: wait until that has ended, then run it again")
        })?;
        Ok(Self {
            app: app.app.id.clone(),
            volume: disk.volume.clone(),
            disk: disk.name.clone(),
            name: naming::persistent_volume_name(&disk.volume, &app.id_hash(), &disk.handle),
            namespace,
            size,
            class,
            disk_mount,
        })
    }
}
