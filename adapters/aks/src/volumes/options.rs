//! The options of a disk: `sku`, `iops`, `mbps`, `sectorSize`, `diskEncryptionSet`.

use kompox_arm::ResourceId;
use kompox_domain::driver::VolumeOption;
use kompox_domain::options::OptionValue;
use kompox_domain::{ByteSize, Error, ErrorKind, Result, VolumeOptions, suggest};

use super::sku::{LARGE, SKUS, SMALL, is_zone_redundant, takes_provisioning};

/// The options there are, each with what it takes.
pub(crate) const DECLARED: [VolumeOption; 5] = [
    option(
        "sku",
        "Premium_LRS (default), Premium_ZRS, PremiumV2_LRS, StandardSSD_LRS, StandardSSD_ZRS, Standard_LRS, UltraSSD_LRS",
    ),
    option("iops", "a whole number; PremiumV2_LRS and UltraSSD_LRS only"),
    option("mbps", "a whole number; PremiumV2_LRS and UltraSSD_LRS only"),
    option(
        "sectorSize",
        "512 or 4096 (default) bytes; PremiumV2_LRS and UltraSSD_LRS only; a copy has that of its source",
    ),
    option(
        "diskEncryptionSet",
        "the id of the disk encryption set whose key encrypts the disk; a copy has that of its source unless told otherwise",
    ),
];

const fn option(name: &'static str, takes: &'static str) -> VolumeOption {
    VolumeOption { name, takes }
}

/// What a disk is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiskOptions {
    pub(crate) sku: &'static str,
    pub(crate) iops: Option<i64>,
    pub(crate) mbps: Option<i64>,
    pub(crate) sector_size: Option<u32>,
    /// The id of a disk encryption set.
    pub(crate) encryption_set: Option<String>,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self {
            sku: "Premium_LRS",
            iops: None,
            mbps: None,
            sector_size: None,
            encryption_set: None,
        }
    }
}

/// What only some SKUs take.
const PROVISIONED: [&str; 3] = ["iops", "mbps", "sectorSize"];

impl DiskOptions {
    /// Reads the options of a volume, with those that were given for this one disk in their place. With another SKU
    /// the volume's options that this SKU does not take are left out: they were meant for that of the volume.
    ///
    /// # Errors
    /// As those of [`Self::parse`].
    pub(crate) fn of(volume: &VolumeOptions, given: &VolumeOptions) -> Result<Self> {
        let takes = match given.get("sku") {
            Some(value) => takes_provisioning(sku(value)?),
            None => true,
        };
        let volume: VolumeOptions = volume
            .iter()
            .filter(|(name, _)| takes || !PROVISIONED.contains(name))
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        Self::parse(&volume.overridden_by(given))
    }

    /// Reads the options.
    ///
    /// # Errors
    /// `InvalidInput` for one that is not known, or a value that it does not take.
    pub(crate) fn parse(options: &VolumeOptions) -> Result<Self> {
        let mut parsed = Self::default();
        for (name, value) in options.iter() {
            match name {
                "sku" => parsed.sku = sku(value)?,
                "iops" => parsed.iops = Some(positive(name, value)?),
                "mbps" => parsed.mbps = Some(positive(name, value)?),
                "sectorSize" => parsed.sector_size = Some(sector_size(value)?),
                "diskEncryptionSet" => parsed.encryption_set = Some(encryption_set(value)?),
                _ => return Err(unknown(name)),
            }
        }
        if !takes_provisioning(parsed.sku) {
            let given = [
                ("iops", parsed.iops.is_some()),
                ("mbps", parsed.mbps.is_some()),
                ("sectorSize", parsed.sector_size.is_some()),
            ];
            if let Some((name, _)) = given.into_iter().find(|(_, given)| *given) {
                return Err(invalid(format!("option {name} cannot be set for {}", parsed.sku))
                    .with_hint("only PremiumV2_LRS and UltraSSD_LRS take iops, mbps and sectorSize"));
            }
        }
        Ok(parsed)
    }

    /// Whether the disk lies in all zones at once.
    pub(crate) fn is_zone_redundant(&self) -> bool {
        is_zone_redundant(self.sku)
    }

    /// The size in GiB, rounded up.
    ///
    /// # Errors
    /// `InvalidInput` for more than the SKU has.
    pub(crate) fn check_size(&self, size: ByteSize) -> Result<i32> {
        let gib = size.gib_ceil();
        // Limits: managed disk types, Azure documentation (32 TiB; 64 TiB for the two newer ones).
        let most = if takes_provisioning(self.sku) {
            65_536
        } else {
            32_767
        };
        i32::try_from(gib).ok().filter(|gib| *gib <= most).ok_or_else(|| {
            invalid(format!(
                "{size} is more than a disk of {} can hold: {most} GiB",
                self.sku
            ))
            .with_hint("make the volume smaller; PremiumV2_LRS and UltraSSD_LRS hold 65536 GiB")
        })
    }
}

fn sku(value: &OptionValue) -> Result<&'static str> {
    let text = value.to_string();
    SKUS.into_iter()
        .find(|sku| sku.eq_ignore_ascii_case(&text))
        .ok_or_else(|| {
            let hint = suggest::nearest(&text, SKUS).map_or_else(
                || format!("use one of {}", SKUS.join(", ")),
                |nearest| format!("did you mean {nearest}?"),
            );
            invalid(format!("option sku: {text:?} is not a disk SKU")).with_hint(hint)
        })
}

/// Reads the size of sectors.
///
/// # Errors
/// `InvalidInput` for what is no size of sectors.
fn sector_size(value: &OptionValue) -> Result<u32> {
    let number = match value {
        OptionValue::Integer(number) => u32::try_from(*number).ok(),
        OptionValue::Text(text) => text.parse().ok(),
        OptionValue::Bool(_) => None,
    };
    number
        .filter(|number| [SMALL, LARGE].contains(number))
        .ok_or_else(|| {
            invalid(format!("option sectorSize: {value} is not a size of sectors"))
                .with_hint("use 512 or 4096")
        })
}

fn positive(name: &str, value: &OptionValue) -> Result<i64> {
    let number = match value {
        OptionValue::Integer(number) => Some(*number),
        OptionValue::Text(text) => text.parse().ok(),
        OptionValue::Bool(_) => None,
    };
    number.filter(|number| *number > 0).ok_or_else(|| {
        invalid(format!("option {name}: {value} is not a whole number above zero"))
            .with_hint(format!("write a number, such as {name}: 3000"))
    })
}

/// Reads the id of a disk encryption set.
///
/// # Errors
/// `InvalidInput` for what is no id of a set.
pub(crate) fn encryption_set(value: &OptionValue) -> Result<String> {
    let id = match value {
        OptionValue::Text(text) => text.parse::<ResourceId>().ok(),
        OptionValue::Integer(_) | OptionValue::Bool(_) => None,
    };
    id.filter(is_set)
        .map(|id| id.to_string())
        .ok_or_else(|| {
            invalid(format!("option diskEncryptionSet: {value} is not the id of a disk encryption set")).with_hint(
                "write /subscriptions/<s>/resourceGroups/<g>/providers/Microsoft.Compute/diskEncryptionSets/<name>; az disk-encryption-set list prints them",
            )
        })
}

fn is_set(id: &ResourceId) -> bool {
    id.is_of("Microsoft.Compute", "diskEncryptionSets")
}

fn unknown(name: &str) -> Error {
    let names = DECLARED.map(|option| option.name);
    let hint = suggest::nearest(name, names).map_or_else(
        || format!("options: {}", names.join(", ")),
        |nearest| format!("did you mean {nearest}?"),
    );
    invalid(format!("option {name:?} is not known")).with_hint(hint)
}

pub(crate) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use kompox_domain::Hint;

    use super::*;

    #[test]
    fn another_sku_for_one_disk_leaves_out_what_only_that_of_the_volume_takes() {
        let options = |pairs: &[(&str, OptionValue)]| -> VolumeOptions {
            let owned = |(name, value): &(&str, OptionValue)| ((*name).to_owned(), value.clone());
            pairs.iter().map(owned).collect()
        };
        let volume = options(&[
            ("sku", text("PremiumV2_LRS")),
            ("iops", OptionValue::Integer(4000)),
            ("sectorSize", OptionValue::Integer(512)),
        ]);
        let of = |given: &[(&str, OptionValue)]| DiskOptions::of(&volume, &options(given));
        let plain = of(&[("sku", text("Premium_LRS"))]).unwrap();
        assert_eq!(
            (plain.sku, plain.iops, plain.sector_size),
            ("Premium_LRS", None, None)
        );
        let ultra = of(&[("sku", text("UltraSSD_LRS"))]).unwrap();
        assert_eq!((ultra.iops, ultra.sector_size), (Some(4000), Some(512)));
        assert_eq!(of(&[]).unwrap().iops, Some(4000));
        // What is given for this disk is meant.
        let both = [("sku", text("Premium_LRS")), ("iops", OptionValue::Integer(5000))];
        assert_eq!(of(&both).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    fn parse(pairs: &[(&str, OptionValue)]) -> Result<DiskOptions> {
        DiskOptions::parse(
            &pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    fn text(text: &str) -> OptionValue {
        OptionValue::Text(text.to_owned())
    }

    #[test]
    fn without_options_a_disk_is_premium() {
        assert_eq!(parse(&[]).unwrap(), DiskOptions::default());
        assert_eq!(DiskOptions::default().sku, "Premium_LRS");
    }

    #[test]
    fn b2_every_option_has_its_effect() {
        let all = [
            ("sku", text("premiumv2_lrs")),
            ("iops", OptionValue::Integer(4000)),
            ("mbps", text("200")),
            ("sectorSize", text("512")),
        ];
        assert_eq!(
            parse(&all).unwrap(),
            DiskOptions {
                sku: "PremiumV2_LRS",
                iops: Some(4000),
                mbps: Some(200),
                sector_size: Some(512),
                encryption_set: None,
            }
        );
    }

    #[test]
    fn an_option_that_has_no_effect_is_refused() {
        let refusal = |pairs: &[(&str, OptionValue)]| parse(pairs).unwrap_err().to_string();
        let idle = refusal(&[("iops", OptionValue::Integer(4000))]);
        assert!(idle.contains("iops") && idle.contains("Premium_LRS"), "{idle}");
        let idle = refusal(&[("sectorSize", OptionValue::Integer(512))]);
        assert_eq!(idle, "option sectorSize cannot be set for Premium_LRS");
        for bad in [OptionValue::Integer(777), OptionValue::Bool(true), text("4k")] {
            assert_eq!(
                refusal(&[("sku", text("UltraSSD_LRS")), ("sectorSize", bad.clone())]),
                format!("option sectorSize: {bad} is not a size of sectors")
            );
        }
        assert_eq!(
            refusal(&[("sku", text("Premium_XRS"))]),
            "option sku: \"Premium_XRS\" is not a disk SKU"
        );
        assert_eq!(
            parse(&[("skus", text("x"))]).unwrap_err().hints(),
            [Hint::text("did you mean sku?")]
        );
        for bad in [
            OptionValue::Integer(0),
            OptionValue::Integer(-1),
            OptionValue::Bool(true),
            text("many"),
        ] {
            assert_eq!(
                refusal(&[("sku", text("UltraSSD_LRS")), ("iops", bad.clone())]),
                format!("option iops: {bad} is not a whole number above zero")
            );
        }
    }

    #[test]
    fn b4_a_size_is_rounded_up_and_has_an_end() {
        let premium = parse(&[]).unwrap();
        assert_eq!(premium.check_size("1.5Gi".parse().unwrap()).unwrap(), 2);
        assert_eq!(premium.check_size("1".parse().unwrap()).unwrap(), 1);
        let newer = parse(&[("sku", text("PremiumV2_LRS"))]).unwrap();
        for (options, most) in [(premium, 32_767), (newer, 65_536)] {
            let gib = |gib: u64| ByteSize::from_gib(gib).unwrap();
            let largest = i32::try_from(most).unwrap();
            assert_eq!(options.check_size(gib(most)).unwrap(), largest);
            for more in [gib(most + 1), ByteSize::from_bytes(u64::MAX).unwrap()] {
                let error = options.check_size(more).unwrap_err().to_string();
                assert!(error.ends_with(&format!("can hold: {most} GiB")), "{error}");
            }
        }
    }
}
