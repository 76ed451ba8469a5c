//! What is in a resource group, and what should be.

use std::collections::{BTreeMap, BTreeSet};

use kompox_domain::volume::{self, Creation, DiskRecord};
use kompox_domain::{ByteSize, VolumeOptions, tags};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The volumes of every world, and their sizes.
pub(crate) const VOLUMES: [(&str, &str); 2] = [("data", "8Gi"), ("db", "4Gi")];

/// A disk of a volume, as Azure has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// What tells whether it is the assigned one.
    pub record: DiskRecord,
    /// The whole resource.
    pub raw: Value,
}

/// A disk or snapshot by volume and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// The volume.
    pub volume: String,
    /// The name in the volume.
    pub name: String,
}

/// Everything in a resource group.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Disks of the app's volumes.
    pub disks: BTreeMap<Item, Disk>,
    /// Snapshots of the app's volumes.
    pub snapshots: BTreeMap<Item, Value>,
    /// Everything else, by lower-cased `type/name`.
    pub others: BTreeMap<String, Value>,
}

/// What must be there, and nothing else. Items are written `volume/name`; for a name that the program chooses
/// stands `*`, and `+` for one or more of them.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// Disks.
    pub disks: Vec<&'static str>,
    /// Snapshots.
    pub snapshots: Vec<&'static str>,
    /// The assigned disks, one of each volume that has one.
    pub assigned: Vec<&'static str>,
    /// Everything else, as in [`Contents::others`].
    pub others: Vec<&'static str>,
}

impl Contents {
    /// Sorts what Azure has. A disk or snapshot is one of ours by name and tag.
    #[must_use]
    pub fn read(resources: &[Value], hash: &str) -> Self {
        let mut contents = Self::default();
        for raw in resources {
            let name = raw["name"].as_str().unwrap_or_default();
            let kind = raw["type"].as_str().unwrap_or_default().to_ascii_lowercase();
            match (kind.as_str(), item(raw, name, hash)) {
                ("microsoft.compute/disks", Some(item)) => {
                    if let Some(record) = record(raw, &item) {
                        let disk = Disk {
                            record,
                            raw: raw.clone(),
                        };
                        contents.disks.insert(item, disk);
                        continue;
                    }
                }
                ("microsoft.compute/snapshots", Some(item)) => {
                    contents.snapshots.insert(item, raw.clone());
                    continue;
                }
                _ => {}
            }
            let key = format!("{kind}/{name}").to_ascii_lowercase();
            contents.others.insert(key, raw.clone());
        }
        contents
    }

    /// The disks of one volume.
    #[must_use]
    pub fn of_volume(&self, volume: &str) -> Vec<DiskRecord> {
        let own = self.disks.iter().filter(|(item, _)| item.volume == volume);
        own.map(|(_, disk)| disk.record.clone()).collect()
    }
}

/// The volume and name of a resource that is ours.
fn item(raw: &Value, name: &str, hash: &str) -> Option<Item> {
    VOLUMES.iter().find_map(|(volume, _)| {
        let key = format!("{volume}-{hash}");
        let rest = name.strip_prefix(&key)?.strip_prefix('-')?;
        (tag(raw, tags::VOLUME) == Some(key.as_str())).then(|| Item {
            volume: (*volume).to_owned(),
            name: tag(raw, tags::DISK_NAME)
                .filter(|name| name.eq_ignore_ascii_case(rest))
                .unwrap_or(rest)
                .to_owned(),
        })
    })
}

/// A tag, whatever the case of its name.
fn tag<'a>(raw: &'a Value, name: &str) -> Option<&'a str> {
    let tags = raw["tags"].as_object()?;
    let found = tags.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str())
}

/// As much of a disk as decides whether it is the assigned one.
fn record(raw: &Value, item: &Item) -> Option<DiskRecord> {
    let created = raw["properties"]["timeCreated"].as_str();
    Some(DiskRecord {
        name: item
            .name
            .parse()
            .or_else(|_| item.name.to_ascii_uppercase().parse())
            .ok()?,
        volume: item.volume.parse().ok()?,
        flagged: tag(raw, tags::DISK_ASSIGNED).is_some_and(|flag| flag.eq_ignore_ascii_case("true")),
        assigned_at: tag(raw, tags::DISK_ASSIGNED_AT).and_then(|at| at.parse().ok()),
        size: ByteSize::from_gib(raw["properties"]["diskSizeGB"].as_u64()?).ok(),
        sector_size: None,
        zone: None,
        options: VolumeOptions::default(),
        handle: raw["id"].as_str()?.to_lowercase(),
        created_at: created.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()),
        updated_at: None,
        state: None,
        provisioning_state: None,
        creation: Creation::Done,
        attached_to: vec![],
    })
}

/// The assigned disk of each volume.
pub type Winners = BTreeMap<String, Option<String>>;

/// Which disks every reader sees assigned in this state.
#[must_use]
pub fn winners(contents: &Contents) -> Winners {
    let winner = |volume: &str| {
        let records = contents.of_volume(volume);
        let index = volume::assigned_index(&records)?;
        Some(records.get(index)?.name.to_string())
    };
    VOLUMES
        .iter()
        .map(|(volume, _)| ((*volume).to_owned(), winner(volume)))
        .collect()
}

impl End {
    /// Compares with what is there.
    ///
    /// # Errors
    /// What is missing, and what is left over.
    pub fn compare(&self, contents: &Contents) -> Result<(), String> {
        let disks: BTreeSet<Item> = contents.disks.keys().cloned().collect();
        compare_items("disk", &self.disks, &disks)?;
        compare_items(
            "snapshot",
            &self.snapshots,
            &contents.snapshots.keys().cloned().collect(),
        )?;
        let winners = winners(contents);
        let assigned = winners
            .into_iter()
            .filter_map(|(volume, name)| Some(Item { volume, name: name? }));
        compare_items("assigned disk", &self.assigned, &assigned.collect())?;
        let others: Vec<&str> = contents.others.keys().map(String::as_str).collect();
        if others != self.others {
            return Err(format!(
                "besides disks and snapshots there is {others:?}, wanted is {:?}",
                self.others
            ));
        }
        Ok(())
    }
}

fn compare_items(what: &str, wanted: &[&str], found: &BTreeSet<Item>) -> Result<(), String> {
    let mut found: Vec<String> = found
        .iter()
        .map(|item| format!("{}/{}", item.volume, item.name))
        .collect();
    // What is wanted by name goes first, so that a pattern gets what is left.
    let (patterns, names): (Vec<&str>, Vec<&str>) =
        wanted.iter().partition(|wanted| wanted.ends_with(['*', '+']));
    for name in names {
        let place = found.iter().position(|found| found == name);
        let place = place.ok_or_else(|| format!("{what} {name} is missing, there is {found:?}"))?;
        found.remove(place);
    }
    for pattern in patterns {
        let (volume, many) = pattern.split_at(pattern.len() - 1);
        let place = found.iter().position(|found| found.starts_with(volume));
        let place = place.ok_or_else(|| format!("{what} {pattern} is missing, there is {found:?}"))?;
        found.remove(place);
        if many == "+" {
            found.retain(|found| !found.starts_with(volume));
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(format!("{what} {} is left over", found.join(", ")))
    }
}
