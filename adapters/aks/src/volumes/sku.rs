//! The SKUs of disks, and what each has: a choice of performance and sectors, or all zones at once.

/// The SKUs that disks of volumes can have.
pub(crate) const SKUS: [&str; 7] = [
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Standard_LRS",
    "UltraSSD_LRS",
];

/// Bytes of the sectors of a disk whose SKU has no choice.
pub(crate) const SMALL: u32 = 512;
/// Bytes of the sectors of a disk whose SKU has a choice, unless told otherwise.
pub(crate) const LARGE: u32 = 4096;

/// Whether performance and sectors of disks of this SKU are chosen apart from their size.
pub(crate) fn takes_provisioning(sku: &str) -> bool {
    matches!(sku, "PremiumV2_LRS" | "UltraSSD_LRS")
}

/// Whether disks of this kind lie in all zones at once.
pub(crate) fn is_zone_redundant(sku: &str) -> bool {
    sku.ends_with("_ZRS")
}

/// How large the sectors of a disk are: what Azure tells, else what the SKU has.
///
/// Azure need not tell it of a disk that was converted to `PremiumV2_LRS`, so without a word nothing is known of those
/// SKUs that have a choice.
pub(crate) fn sector_size(told: Option<i32>, sku: Option<&str>) -> Option<u32> {
    let fixed = sku.is_some_and(|sku| SKUS.contains(&sku) && !takes_provisioning(sku));
    told.and_then(|told| u32::try_from(told).ok())
        .or_else(|| fixed.then_some(SMALL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_what_azure_tells_else_what_its_sku_fixes() {
        for (told, sku, expected) in [
            (None, Some("Premium_LRS"), Some(512)),
            (None, Some("StandardSSD_ZRS"), Some(512)),
            (Some(512), Some("PremiumV2_LRS"), Some(512)),
            (Some(4096), Some("UltraSSD_LRS"), Some(4096)),
            (None, Some("PremiumV2_LRS"), None),
            (None, Some("UltraSSD_LRS"), None),
            (None, Some("Future_LRS"), None),
            (None, None, None),
            (Some(-1), Some("Premium_LRS"), Some(512)),
        ] {
            assert_eq!(sector_size(told, sku), expected, "{told:?} {sku:?}");
        }
    }
}
