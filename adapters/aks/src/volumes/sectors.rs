//! Logical sectors: how large those of a disk are, and which a new one gets.
//!
//! Only `PremiumV2_LRS` and `UltraSSD_LRS` have a choice, 4096 unless told otherwise; every other SKU has 512. A copy
//! keeps the sectors of its source, and one of a 512 source must be asked for as such (disks-convert-types.md,
//! disks-incremental-snapshots.md).

use kompox_domain::{Error, ErrorKind, Result};

use super::options::DiskOptions;
use super::sku::{LARGE, SMALL, takes_provisioning};
use super::source::Found;

/// What is asked for when a disk is made: nothing where its SKU has no choice.
///
/// # Errors
/// `InvalidInput` where it cannot be made from its source so.
pub(crate) fn of_new(options: &DiskOptions, source: Option<&Found>) -> Result<Option<u32>> {
    let Some(source) = source else {
        let size = options.sector_size.unwrap_or(LARGE);
        return Ok(takes_provisioning(options.sku).then_some(size));
    };
    let refuse = |what: String| Error::new(ErrorKind::InvalidInput, what);
    if !takes_provisioning(options.sku) {
        return match source.sector_size {
            None | Some(SMALL) => Ok(None),
            Some(size) => Err(refuse(format!(
                "source {} has sectors of {size} bytes, which no disk of {} has",
                source.id, options.sku
            ))
            .with_hint("set option sku to PremiumV2_LRS or UltraSSD_LRS for the new disk")
            .and_hint("or make an empty disk, and copy the files from one mount to the other")),
        };
    }
    // Azure tells the size of whatever has a choice. A source of which it tells none had none.
    let size = source.sector_size.unwrap_or(SMALL);
    match options.sector_size {
        Some(asked) if asked != size => Err(refuse(format!(
            "option sectorSize: a copy has the sectors of its source {}, which are of {size} bytes, not {asked}",
            source.id
        ))
        .with_hint(format!("leave option sectorSize out, or set it to {size} for this disk"))
        .and_hint("or make an empty disk, and copy the files from one mount to the other")),
        _ => Ok(Some(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volumes::sku::SKUS;

    fn options(sku: &'static str, sector_size: Option<u32>) -> DiskOptions {
        DiskOptions {
            sku,
            sector_size,
            ..DiskOptions::default()
        }
    }

    fn source(sector_size: Option<u32>) -> Found {
        Found {
            id: "/disks/one".to_owned(),
            size: None,
            sector_size,
            encryption_set: None,
            disk: None,
            location: None,
            is_snapshot: false,
            is_zone_redundant: false,
        }
    }

    #[test]
    fn every_copy_asks_for_the_sectors_of_its_source_or_is_refused() {
        let fixed = [
            "Premium_LRS",
            "Premium_ZRS",
            "StandardSSD_LRS",
            "StandardSSD_ZRS",
            "Standard_LRS",
        ];
        for sku in fixed {
            for (from, expected) in [(Some(512), Some(None)), (None, Some(None)), (Some(4096), None)] {
                let asked = of_new(&options(sku, None), Some(&source(from))).ok();
                assert_eq!(asked, expected, "{sku} of {from:?}");
            }
            assert_eq!(of_new(&options(sku, None), None).unwrap(), None);
        }
        for sku in ["PremiumV2_LRS", "UltraSSD_LRS"] {
            for (option, from, expected) in [
                (None, Some(512), Some(512)),
                (None, Some(4096), Some(4096)),
                (None, None, Some(512)),
                (Some(512), Some(512), Some(512)),
                (Some(4096), Some(4096), Some(4096)),
                (Some(4096), None, None),
                (Some(512), None, Some(512)),
                (Some(4096), Some(512), None),
                (Some(512), Some(4096), None),
            ] {
                let asked = of_new(&options(sku, option), Some(&source(from))).ok().flatten();
                assert_eq!(asked, expected, "{sku} with {option:?} of {from:?}");
            }
            assert_eq!(of_new(&options(sku, None), None).unwrap(), Some(4096));
            assert_eq!(of_new(&options(sku, Some(512)), None).unwrap(), Some(512));
        }
        assert_eq!(fixed.len() + 2, SKUS.len(), "every SKU is tried");
    }
}
