//! What is there under a name, held against what would be made under it.

use kompox_domain::tags;
use serde_json::Value;

use super::wire;

/// What a disk or snapshot is made like: the part of it that stays as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blueprint {
    source: Option<String>,
    gib: Option<i64>,
    sector_size: Option<i64>,
    sku: Option<String>,
    encryption_set: Option<String>,
    zones: Vec<String>,
}

impl Blueprint {
    /// Of a resource as ARM tells it, or of the body that asks for one.
    pub(crate) fn of(resource: &Value) -> Self {
        let lower = |value: &Value| value.as_str().map(str::to_lowercase);
        let properties = &resource["properties"];
        let zones = resource["zones"].as_array();
        Self {
            source: lower(&properties["creationData"]["sourceResourceId"]),
            gib: properties["diskSizeGB"].as_i64(),
            sector_size: properties["creationData"]["logicalSectorSize"].as_i64(),
            sku: lower(&resource["sku"]["name"]),
            encryption_set: lower(&properties["encryption"]["diskEncryptionSetId"]),
            zones: zones
                .into_iter()
                .flatten()
                .filter_map(|zone| zone.as_str().map(str::to_owned))
                .collect(),
        }
    }

    /// In what this one, which is there, differs from the one that is wanted. What is not asked for does not count.
    pub(crate) fn differences(&self, wanted: &Self) -> Vec<&'static str> {
        let unlike = [
            ("source", self.source != wanted.source),
            ("size", wanted.gib.is_some() && self.gib != wanted.gib),
            // Azure does not tell it of every disk.
            (
                "sector size",
                self.sector_size.is_some()
                    && wanted.sector_size.is_some()
                    && self.sector_size != wanted.sector_size,
            ),
            ("SKU", wanted.sku.is_some() && self.sku != wanted.sku),
            (
                "disk encryption set",
                wanted.encryption_set.is_some() && self.encryption_set != wanted.encryption_set,
            ),
            ("zone", self.zones != wanted.zones),
        ];
        let unlike = unlike.into_iter().filter(|(_, differs)| *differs);
        unlike.map(|(what, _)| what).collect()
    }
}

/// Whether a machine has, or ever had, a disk attached.
pub(crate) fn was_attached(disk: &Value) -> bool {
    let owned = disk["managedBy"].as_str().is_some_and(|owner| !owner.is_empty());
    let shared = disk["managedByExtended"]
        .as_array()
        .is_some_and(|owners| !owners.is_empty());
    let properties = &disk["properties"];
    // Azure's own spelling is the first.
    let changed = ["LastOwnershipUpdateTime", "lastOwnershipUpdateTime"];
    owned || shared || changed.iter().any(|name| properties[name].is_string())
}

/// Whether a disk is, or ever was, the assigned one. A mark that was cleared leaves an empty time behind.
pub(crate) fn was_assigned(disk: &Value) -> bool {
    let found = disk.get("tags");
    let flag = wire::tag(found, tags::DISK_ASSIGNED);
    flag.is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || wire::tag(found, tags::DISK_ASSIGNED_AT).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_is_named_and_what_is_not_asked_for_is_none() {
        let wanted = json!({"sku": {"name": "Premium_LRS"}, "zones": ["1"],
            "properties": {"diskSizeGB": 4, "creationData": {"createOption": "Copy", "sourceResourceId": "/S/a"}}});
        let there = |change: fn(&mut Value)| {
            let mut there = wanted.clone();
            change(&mut there);
            Blueprint::of(&there).differences(&Blueprint::of(&wanted))
        };
        assert!(there(|_| {}).is_empty());
        assert!(
            there(|disk| disk["properties"]["creationData"]["sourceResourceId"] = "/s/A".into()).is_empty()
        );
        assert_eq!(
            there(|disk| disk["properties"]["creationData"] = json!({})),
            ["source"]
        );
        assert_eq!(
            there(|disk| disk["properties"]["diskSizeGB"] = 8.into()),
            ["size"]
        );
        assert_eq!(there(|disk| disk["sku"]["name"] = "UltraSSD_LRS".into()), ["SKU"]);
        assert_eq!(there(|disk| disk["zones"] = json!(null)), ["zone"]);
        let snapshot = json!({"properties": {"creationData": {"sourceResourceId": "/s/a"}}});
        let sized = json!({"sku": {"name": "x"}, "properties": {"diskSizeGB": 4, "creationData": {"sourceResourceId": "/s/a"}}});
        assert!(
            Blueprint::of(&sized)
                .differences(&Blueprint::of(&snapshot))
                .is_empty()
        );
    }

    #[test]
    fn what_was_ever_in_use_is_known_by_what_it_left() {
        for (disk, attached, assigned) in [
            (
                json!({"tags": {"kompox-disk-assigned": "false"}, "managedBy": ""}),
                false,
                false,
            ),
            (json!({"tags": {"kompox-disk-assigned": "True"}}), false, true),
            (
                json!({"tags": {"kompox-disk-assigned": "false", "kompox-disk-assigned-at": ""}}),
                false,
                true,
            ),
            (json!({"managedBy": "/vm"}), true, false),
            (json!({"managedByExtended": ["/vm"]}), true, false),
            (
                json!({"properties": {"LastOwnershipUpdateTime": "2026-01-01T00:00:00Z"}}),
                true,
                false,
            ),
        ] {
            assert_eq!(
                (was_attached(&disk), was_assigned(&disk)),
                (attached, assigned),
                "{disk}"
            );
        }
    }
}
