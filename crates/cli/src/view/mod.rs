//! What is printed: the fields of the JSON form are part of the contract, and may only be added to.

pub(crate) mod admin;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod disk;
pub(crate) mod dns;
pub(crate) mod mounts;
pub(crate) mod plan;
pub(crate) mod snapshot;

use std::collections::BTreeMap;

use kompox_domain::options::OptionValue;
use kompox_domain::volume::Deletion;
use kompox_domain::{VolumeName, VolumeOptions};
use serde::Serialize;
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::ui::{Shown, Table, Ui};

/// How long ago something was made, as `kubectl` tells it: `42s`, `5m`, `3h`, `12d`. Empty where it is not known.
fn age(made: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    let Some(made) = made else {
        return String::new();
    };
    // A clock that is behind the cloud's must not make an age negative.
    let seconds = (now - made).whole_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// An option's value.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum OptionView {
    Text(String),
    Integer(i64),
    Bool(bool),
}

impl std::fmt::Display for OptionView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(yes) => write!(f, "{yes}"),
        }
    }
}

fn options(options: &VolumeOptions) -> BTreeMap<String, OptionView> {
    let view = |value: &OptionValue| match value {
        OptionValue::Text(text) => OptionView::Text(text.clone()),
        OptionValue::Integer(number) => OptionView::Integer(*number),
        OptionValue::Bool(yes) => OptionView::Bool(*yes),
    };
    options
        .iter()
        .map(|(name, value)| (name.to_owned(), view(value)))
        .collect()
}

fn options_text(options: &VolumeOptions) -> String {
    let pairs: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join(",")
}

/// The last part of a cloud's id, which is what people call the thing.
fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The state of the last operation on something, unless it ended well.
fn last_operation(state: Option<&str>) -> Option<&str> {
    state.filter(|state| !state.is_empty() && !state.eq_ignore_ascii_case("Succeeded"))
}

/// What has been deleted, or was not there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deleted {
    #[serde(skip)]
    what: &'static str,
    name: String,
    volume_name: String,
    deleted: bool,
}

impl Deleted {
    /// A disk or snapshot of a volume.
    pub(crate) fn new(
        what: &'static str,
        name: &impl ToString,
        volume: &VolumeName,
        deletion: Deletion,
    ) -> Self {
        Self {
            what,
            name: name.to_string(),
            volume_name: volume.to_string(),
            deleted: deletion == Deletion::Deleted,
        }
    }

    /// Prints it. For humans it is no data, but a remark.
    pub(crate) fn print(&self, ui: &Ui) -> Result<(), Failure> {
        let shown = Shown {
            table: Table::default(),
            more: Vec::new(),
            names: vec![self.name.clone()],
            empty: format!(
                "{} {} of volume {} {}",
                self.what,
                self.name,
                self.volume_name,
                if self.deleted {
                    "is deleted"
                } else {
                    "was not there"
                }
            ),
        };
        ui.value(self, &shown)
    }
}
